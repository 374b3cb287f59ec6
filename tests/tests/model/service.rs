//! An OpenAI-compatible service on loopback that answers by a script and keeps what it was sent.

use std::collections::VecDeque;
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

/// A question as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Json,
}

impl Asked {
    /// What it says in `role`, which it says once.
    #[track_caller]
    pub(crate) fn says(&self, role: &str) -> String {
        let messages = self.body["messages"].as_array().unwrap();
        let all: Vec<_> = messages
            .iter()
            .filter(|message| message["role"] == role)
            .collect();
        let [one] = all[..] else {
            panic!("{messages:#?}")
        };
        one["content"].as_str().unwrap().to_owned()
    }

    /// The boundary of its data.
    pub(crate) fn boundary(&self) -> String {
        let user = self.says("user");
        let mut lines = user.lines().filter_map(|line| line.split_once(" begin "));
        let (boundary, _) = lines.find(|(before, _)| !before.contains(' ')).unwrap();
        boundary.to_owned()
    }
}

/// What it answers: a status, a header and a body.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Scripted {
    /// A completion with `content`, which took `tokens`.
    pub(crate) fn saying(content: &str, tokens: u64) -> Self {
        Self::choice(
            json!({ "role": "assistant", "content": content }),
            "stop",
            tokens,
        )
    }

    /// A completion with any message and any end.
    pub(crate) fn choice(message: Json, end: &str, tokens: u64) -> Self {
        let body = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "small",
            "choices": [{ "index": 0, "message": message, "finish_reason": end, "logprobs": null }],
            "usage": { "prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens },
        });
        Self::text(200, &body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            location: None,
            body: body.to_owned(),
        }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self {
            location: Some(to.to_owned()),
            ..Self::text(307, "")
        }
    }
}

type Script = Arc<Mutex<(VecDeque<Scripted>, Vec<Asked>)>>;

pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    script: Script,
    runtime: Option<Runtime>,
}

impl Service {
    /// One that answers with `script`, and goes on with its last line.
    pub(crate) fn new(authority: &Authority, script: &[Scripted]) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let config = authority.config(&["127.0.0.1"], &["http/1.1"]);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let script: Script = Arc::new(Mutex::new((script.iter().cloned().collect(), Vec::new())));
        runtime.spawn(accept(listener, acceptor, script.clone()));
        Self {
            address,
            script,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().1.clone()
    }

    /// Goes on with `script`.
    pub(crate) fn now(&self, script: &[Scripted]) {
        self.script.lock().unwrap().0 = script.iter().cloned().collect();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, script: Script) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, script) = (acceptor.clone(), script.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| meet(request, script.clone()));
            let builder = hyper::server::conn::http1::Builder::new();
            drop(
                builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

async fn meet(
    request: Request<Incoming>,
    script: Script,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let headers = head.headers.iter();
    let asked = Asked {
        line: format!("{} {}", head.method, head.uri),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let answer = {
        let mut script = script.lock().unwrap();
        script.1.push(asked);
        match script.0.len() {
            1 => script.0[0].clone(),
            _ => script.0.pop_front().unwrap(),
        }
    };
    let mut response = Response::builder().status(answer.status);
    if let Some(location) = answer.location {
        response = response.header("location", location);
    }
    Ok(response.body(Full::new(Bytes::from(answer.body))).unwrap())
}
