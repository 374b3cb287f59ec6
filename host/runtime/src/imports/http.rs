//! `wasi:http/outgoing-handler`: what a skill may send.
//!
//! An effect is enforced here, not believed: while a `read` tool runs, only GET and HEAD leave.

use super::Import;
use crate::door::Door;
use crate::state::{HELD_BYTES, State};
use http::{Request, Response, Uri};
use vouchsafe_clearance::EffectKind;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttp, WasiHttpHooks, WasiHttpView as _,
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

/// The requests of one call: each is put to the gate, which knows the tool's effect.
pub(crate) struct Http(pub(crate) Door);

impl WasiHttpHooks for Http {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Transfer,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let kind = EffectKind::Http {
            method: request.method().to_string(),
            reads: false,
        };
        let why = "no destination is granted: this host has no egress yet";
        self.0.refuse(&kind, &place(request.uri()), why);
        Box::new(async { Err(Error::HttpRequestDenied) })
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        1
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        HELD_BYTES
    }
}

/// Scheme, host and port: the rest of an address may hold secrets.
fn place(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("https");
    let host = uri.host().unwrap_or_default();
    match uri.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}
