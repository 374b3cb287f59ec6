//! A service on loopback that is posted to: HTTPS with a certificate of its own authority. It keeps what it was told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;

/// The service. It ends when it is dropped.
pub struct Hook {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whom its caller has to trust for it.
    pub authority: Authority,
    told: Arc<Told>,
    runtime: Option<Runtime>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Post {
    /// Path and headers, as they came.
    pub headers: hyper::HeaderMap,
    /// The body, as it came.
    pub body: String,
}

struct Told {
    /// How the first ones are answered; the others with 204.
    statuses: Vec<u16>,
    posts: Mutex<Vec<Post>>,
}

impl Hook {
    /// One that answers so, and then with 204.
    ///
    /// # Panics
    /// When it can't listen.
    #[must_use]
    pub fn open(statuses: &[u16]) -> Self {
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
        let told = Arc::new(Told {
            statuses: statuses.to_vec(),
            posts: Mutex::default(),
        });
        let acceptor = TlsAcceptor::from(Arc::new(config));
        runtime.spawn(accept(listener, acceptor, told.clone()));
        Self {
            address,
            authority,
            told,
            runtime: Some(runtime),
        }
    }

    /// What it was told, in order.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        self.told.posts().clone()
    }
}

impl Told {
    fn posts(&self) -> MutexGuard<'_, Vec<Post>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, told: Arc<Told>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, told) = (acceptor.clone(), told.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| answer(request, told.clone()));
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            drop(served.await);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    told: Arc<Told>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
    let mut posts = told.posts();
    let status = told.statuses.get(posts.len()).copied().unwrap_or(204);
    posts.push(Post {
        headers: head.headers,
        body,
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = hyper::StatusCode::from_u16(status).expect("a status");
    if status == 307 {
        let elsewhere = hyper::header::HeaderValue::from_static("/elsewhere");
        response.headers_mut().insert("location", elsewhere);
    }
    Ok(response)
}
