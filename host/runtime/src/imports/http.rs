//! `wasi:http/outgoing-handler`: what a skill may send.
//!
//! An effect is enforced here, not believed: while a `read` tool runs, only GET and HEAD leave.

use super::Import;
use crate::state::{HELD_BYTES, Refusals, State};
use http::{Method, Request, Response, Uri};
use vouchsafe_package::Effect;
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

/// The gate for the requests of one call.
pub(crate) struct Http {
    effect: Effect,
    refusals: Refusals,
}

impl Http {
    pub(crate) fn new(effect: Effect, refusals: Refusals) -> Self {
        Self { effect, refusals }
    }

    /// Why the request may not leave.
    fn refusal(&self, method: &Method) -> &'static str {
        if self.effect == Effect::Read && !reads(method) {
            return "the tool declares `effect = \"read\"`, which lets only GET and HEAD leave; \
                    a tool that sends this needs `effect = \"write\"` in skill.toml";
        }
        "no destination is granted: this host has no egress yet"
    }
}

impl WasiHttpHooks for Http {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Transfer,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let what = format!("{} {}", request.method(), place(request.uri()));
        self.refusals.add(what, self.refusal(request.method()));
        Box::new(async { Err(Error::HttpRequestDenied) })
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        1
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        HELD_BYTES
    }
}

fn reads(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
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
