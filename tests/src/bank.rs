//! A bank on loopback: HTTPS with a certificate of its own authority, payments by REST, a token that it asks for.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;

/// The bank. It ends when it is dropped.
pub struct Bank {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whom a grant has to trust for it.
    pub authority: Authority,
    books: Arc<Books>,
    runtime: Option<Runtime>,
}

struct Books {
    token: String,
    payments: Mutex<BTreeMap<String, Json>>,
}

impl Bank {
    /// A bank that asks for `token`.
    ///
    /// # Panics
    /// When it can't listen.
    #[must_use]
    pub fn open(token: &str) -> Self {
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
        let books = Arc::new(Books {
            token: format!("Bearer {token}"),
            payments: Mutex::default(),
        });
        runtime.spawn(accept(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            books.clone(),
        ));
        Self {
            address,
            authority,
            books,
            runtime: Some(runtime),
        }
    }

    /// The `[http.bank]` of a grant for it, with the credential `secret` of the host's own store.
    #[must_use]
    pub fn grant(&self, secret: &str) -> String {
        let Self {
            address, authority, ..
        } = self;
        let pem = &authority.pem;
        format!(
            "[http.bank]\nurl = \"https://{address}/api\"\nprivate = [\"{address}\"]\nroots = \"\"\"\n{pem}\"\"\"\n\
             allow = [\"GET /payments/*\", \"POST /payments\"]\nauth = {{ sealed = \"{secret}\" }}\n"
        )
    }

    /// The orders that it took.
    #[must_use]
    pub fn payments(&self) -> Vec<Json> {
        self.books.payments().values().cloned().collect()
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, books: Arc<Books>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, books) = (acceptor.clone(), books.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| answer(request, books.clone()));
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            drop(served.await);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    books: Arc<Books>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let token = request.headers().get("authorization").cloned();
    if token.is_none_or(|token| token.as_bytes() != books.token.as_bytes()) {
        return Ok(said(StatusCode::UNAUTHORIZED, &json!({})));
    }
    let path = request.uri().path().to_owned();
    Ok(match *request.method() {
        Method::POST if path == "/api/payments" => {
            let body = request.into_body().collect().await;
            let body = body.map(http_body_util::Collected::to_bytes);
            let order = body
                .ok()
                .and_then(|body| serde_json::from_slice(&body).ok());
            order.map_or_else(
                || said(StatusCode::BAD_REQUEST, &json!({})),
                |order| books.take(order),
            )
        }
        Method::GET => match path.strip_prefix("/api/payments/") {
            Some(id) if books.payments().contains_key(id) => {
                said(StatusCode::OK, &json!({ "state": "booked" }))
            }
            _ => said(StatusCode::NOT_FOUND, &json!({})),
        },
        _ => said(StatusCode::NOT_FOUND, &json!({})),
    })
}

impl Books {
    fn take(&self, order: Json) -> Response<Full<Bytes>> {
        let mut payments = self.payments();
        let id = format!("p-{}", payments.len() + 1);
        payments.insert(id.clone(), order);
        said(StatusCode::CREATED, &json!({ "id": id }))
    }

    fn payments(&self) -> MutexGuard<'_, BTreeMap<String, Json>> {
        self.payments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn said(status: StatusCode, body: &Json) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.to_string().into()));
    *response.status_mut() = status;
    response
}
