//! `wasi:http/outgoing-handler`: what a skill may send.
//!
//! Nothing is decided here. A request is put to `vouchsafe_egress` as the guest said it; what comes
//! back is a response, or a refusal that tells the guest nothing and the operator everything.

use super::Import;
use crate::door::Door;
use crate::state::{HELD_BYTES, State};
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use vouchsafe_clearance::{Code, EffectKind, Refusal};
use vouchsafe_egress::{BodyError, Failure, Refused, Requests, Timeouts};
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{
    Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttp, WasiHttpHooks,
    WasiHttpView as _,
};

pub(crate) const IMPORTS: &[Import] = &[
    ("wasi:http/types", |l| {
        types::add_to_linker::<_, WasiHttp>(l, &(&LinkOptions::default()).into(), State::http)
    }),
    ("wasi:http/outgoing-handler", |l| {
        outgoing_handler::add_to_linker::<_, WasiHttp>(l, State::http)
    }),
];

type Sent = Result<(Response<WasiBody>, Transfer), Error>;
type Transfer = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// The requests of one call. Without a way out, each is refused.
pub(crate) struct Http {
    pub(crate) door: Door,
    pub(crate) requests: Option<Requests>,
}

impl Http {
    fn judge(&self, request: Request<WasiBody>) -> Result<Ready, Refused> {
        let (head, body) = request.into_parts();
        let requests = self.requests.clone().ok_or_else(|| no_way_out(&head))?;
        let outgoing = requests.judge(head)?;
        Ok((requests, outgoing, body))
    }
}

type Ready = (Requests, vouchsafe_egress::Outgoing, WasiBody);

impl WasiHttpHooks for Http {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Transfer,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let door = self.door.clone();
        let (requests, outgoing, body) = match self.judge(request) {
            Ok(ready) => ready,
            Err(refused) => {
                refuse(&door, &refused);
                return Box::new(async { Err(Error::HttpRequestDenied) });
            }
        };
        let body = body.map_err(|_| BodyError::BrokeOff).boxed_unsync();
        Box::new(async move {
            let sent = requests.send(outgoing, body, timeouts(options)).await;
            let response = sent.map_err(|failure| told(&door, &failure))?;
            let response =
                response.map(|body| body.map_err(|failure| said(&failure)).boxed_unsync());
            let transfer: Transfer = Box::new(async { Ok(()) }); // connections are driven elsewhere
            Ok((response, transfer))
        })
    }

    /// All headers come to the judge, so that what a guest may not set is refused and recorded, not
    /// left out.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }

    /// All schemes come to the judge.
    fn is_supported_scheme(&mut self, _scheme: &Scheme) -> bool {
        true
    }

    /// Whoever sends says `Host`, from the destination that was matched.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        1
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        HELD_BYTES
    }
}

fn no_way_out(head: &http::request::Parts) -> Refused {
    let kind = EffectKind::Http {
        method: head.method.to_string(),
        reads: false,
    };
    let host = head.uri.host().unwrap_or_default();
    Refused {
        kind,
        place: format!("{}://{host}", head.uri.scheme_str().unwrap_or("https")),
        why: "this host has no egress".to_owned(),
        fix: String::new(),
    }
}

fn refuse(door: &Door, refused: &Refused) {
    door.refuse(&refused.kind, &refused.place, &refused.why, &refused.fix);
}

fn timeouts(options: Option<RequestOptions>) -> Timeouts {
    let options = options.unwrap_or_default();
    Timeouts {
        connect: options.connect_timeout,
        first_byte: options.first_byte_timeout,
        between_bytes: options.between_bytes_timeout,
    }
}

/// What the guest hears, once a refusal is recorded.
fn told(door: &Door, failure: &Failure) -> Error {
    match failure {
        Failure::Refused(refused) => refuse(door, refused),
        Failure::Unresolved(not) => {
            let refusal = Refusal::new(Code::NotResolved, &not.why, &not.fix);
            door.refuse_for(&not.kind, &not.place, refusal);
        }
        _ => {}
    }
    said(failure)
}

fn said(failure: &Failure) -> Error {
    match failure {
        Failure::Refused(_) | Failure::Unresolved(_) | Failure::NotCleared(_) => {
            Error::HttpRequestDenied
        }
        Failure::NoConnection(_) => Error::DestinationUnavailable,
        Failure::Tls(_) => Error::TlsCertificateError,
        Failure::TooSlow(_) => Error::HttpResponseTimeout,
        Failure::TooMuch(_) => Error::HttpResponseBodySize(None),
        Failure::WrongLength => Error::HttpRequestBodySize(None),
        Failure::Broken(_) | Failure::Echo | Failure::Unwatched => Error::ConnectionTerminated,
    }
}
