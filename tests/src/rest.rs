//! A REST service on loopback: HTTPS with a certificate of its own authority, and the answers that a test gives it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;

/// What it answers.
pub type Answer = Response<Full<Bytes>>;

/// The service. It ends when it is dropped.
pub struct Rest {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whom a grant has to trust for it.
    pub authority: Authority,
    runtime: Option<Runtime>,
}

impl Rest {
    /// One that answers each request, with its whole body, so.
    ///
    /// # Panics
    /// When it can't listen.
    #[must_use]
    pub fn open(answer: impl Fn(&Parts, &[u8]) -> Answer + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        let config = authority.config(&["127.0.0.1"], &["http/1.1"]);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        runtime.spawn(accept(listener, acceptor, Arc::new(answer)));
        Self {
            address,
            authority,
            runtime: Some(runtime),
        }
    }

    /// What a grant says of where it is: below `/api`, on loopback, vouched for by its own authority.
    #[must_use]
    pub fn place(&self) -> String {
        let Self {
            address, authority, ..
        } = self;
        let pem = &authority.pem;
        format!(
            "url = \"https://{address}/api\"\nprivate = [\"{address}\"]\nroots = \"\"\"\n{pem}\"\"\"\n"
        )
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An answer in JSON.
#[must_use]
pub fn said(status: StatusCode, body: &Json) -> Answer {
    let mut response = Response::new(Full::new(body.to_string().into()));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", json);
    response
}

async fn accept<F: Fn(&Parts, &[u8]) -> Answer + Send + Sync + 'static>(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answer: Arc<F>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| whole(request, answer.clone()));
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            drop(served.await);
        });
    }
}

async fn whole<F: Fn(&Parts, &[u8]) -> Answer>(
    request: Request<Incoming>,
    answer: Arc<F>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await;
    let body = body.map(http_body_util::Collected::to_bytes);
    Ok(answer(&head, &body.unwrap_or_default()))
}
