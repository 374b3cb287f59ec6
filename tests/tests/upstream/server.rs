//! An MCP server on loopback that lists and answers by a script and keeps what it was sent.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use vouchsafe_tests::authority::Authority;

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Json,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or(&self.line)
    }
}

/// An answer that is not what the protocol asks for.
#[derive(Debug, Clone)]
pub(crate) struct Odd {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// What the server does.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    /// The pages of its list.
    pub(crate) pages: Vec<Vec<Json>>,
    /// What a call of a tool gives: `result` or `error`.
    pub(crate) answer: Json,
    /// Whether it answers by events.
    pub(crate) events: bool,
    /// Whether it keeps sessions.
    pub(crate) session: bool,
    /// What it says it speaks.
    pub(crate) version: &'static str,
    /// What it answers to a method instead.
    pub(crate) odd: Option<(&'static str, Odd)>,
}

/// A tool as it is listed when nobody has tampered with anything.
pub(crate) fn ticket() -> Json {
    json!({
        "name": "create_ticket",
        "description": "Makes a ticket.",
        "inputSchema": {
            "type": "object",
            "properties": { "title": { "type": "string", "maxLength": 20 } },
            "required": ["title"],
            "additionalProperties": false,
        },
        "annotations": { "readOnlyHint": true, "destructiveHint": false },
    })
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            pages: vec![vec![ticket()]],
            answer: json!({ "result": { "content": [{ "type": "text", "text": "made 7" }] } }),
            events: false,
            session: true,
            version: "2025-11-25",
            odd: None,
        }
    }
}

type Shared = Arc<Mutex<(Manner, Vec<Sent>)>>;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Shared,
    runtime: Option<Runtime>,
}

impl Server {
    pub(crate) fn new(authority: &Authority, manner: Manner) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let config = authority.config(&["127.0.0.1"], &["http/1.1"]);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let shared: Shared = Arc::new(Mutex::new((manner, Vec::new())));
        runtime.spawn(accept(listener, acceptor, shared.clone()));
        Self {
            address,
            shared,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.shared.lock().unwrap().1.clone()
    }

    /// The methods of what came, in order.
    pub(crate) fn methods(&self) -> Vec<String> {
        let sent = self.sent();
        sent.iter().map(|sent| sent.method().to_owned()).collect()
    }

    /// How often a tool was called.
    pub(crate) fn calls(&self) -> usize {
        let methods = self.methods();
        methods.iter().filter(|name| *name == "tools/call").count()
    }

    /// Goes on like this.
    pub(crate) fn now(&self, manner: Manner) {
        self.shared.lock().unwrap().0 = manner;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Shared) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, shared) = (acceptor.clone(), shared.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| meet(request, shared.clone()));
            let builder = hyper::server::conn::http1::Builder::new();
            let served = builder.serve_connection(TokioIo::new(stream), service);
            drop(served.await);
        });
    }
}

async fn meet(
    request: Request<Incoming>,
    shared: Shared,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let headers = head.headers.iter();
    let sent = Sent {
        line: format!("{} {}", head.method, head.uri),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let manner = {
        let mut shared = shared.lock().unwrap();
        shared.1.push(sent.clone());
        shared.0.clone()
    };
    Ok(answer(&manner, &sent))
}

fn answer(manner: &Manner, sent: &Sent) -> Response<Full<Bytes>> {
    if let Some((method, odd)) = &manner.odd
        && *method == sent.method()
    {
        let mut response = Response::builder().status(odd.status);
        for (name, value) in &odd.headers {
            response = response.header(*name, value);
        }
        let body = odd.body.replace("ID", &sent.body["id"].to_string());
        return response.body(Full::new(Bytes::from(body))).unwrap();
    }
    let said = match sent.method() {
        "initialize" => json!({ "result": {
            "protocolVersion": manner.version,
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "scripted", "version": "1" },
        } }),
        "tools/list" => list(manner, &sent.body["params"]["cursor"]),
        "tools/call" => manner.answer.clone(),
        _ => {
            return Response::builder()
                .status(202)
                .body(Full::default())
                .unwrap();
        }
    };
    let mut message = json!({ "jsonrpc": "2.0", "id": sent.body["id"] });
    message
        .as_object_mut()
        .unwrap()
        .extend(said.as_object().unwrap().clone());
    let mut response = Response::builder();
    if manner.session {
        response = response.header("mcp-session-id", "session-1");
    }
    let (kind, body) = match manner.events {
        false => ("application/json", message.to_string()),
        true => (
            "text/event-stream; charset=utf-8",
            format!(
                "id: 1\ndata:\n\n: hello\n\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{{}}}}\n\nevent: message\ndata: {message}\n\n"
            ),
        ),
    };
    let response = response.header("content-type", kind);
    response.body(Full::new(Bytes::from(body))).unwrap()
}

fn list(manner: &Manner, cursor: &Json) -> Json {
    let page: usize = cursor.as_str().map_or(0, |cursor| cursor.parse().unwrap());
    let mut result = json!({ "tools": manner.pages[page] });
    if page + 1 < manner.pages.len() {
        result["nextCursor"] = json!((page + 1).to_string());
    }
    json!({ "result": result })
}
