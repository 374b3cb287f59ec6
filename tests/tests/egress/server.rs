//! Real servers on loopback: TLS with an authority of our own, HTTP/1.1 and 2, and what they saw.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

pub(crate) use vouchsafe_tests::authority::Authority;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: usize,
    /// The name that the handshake asked for.
    pub(crate) asked_for: Option<String>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What a server has met.
#[derive(Default)]
pub(crate) struct Met {
    pub(crate) requests: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    open: AtomicUsize,
}

/// A server that answers by path; see [`answer`].
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) met: Arc<Met>,
    runtime: Option<Runtime>,
}

impl Server {
    /// TLS for `names`, speaking HTTP/2 where the client can.
    pub(crate) fn tls(authority: &Authority, names: &[&str]) -> Self {
        Self::start(Some(authority.config(names, &["h2", "http/1.1"])))
    }

    /// TLS for `names`, speaking HTTP/1.1 only.
    pub(crate) fn tls_one(authority: &Authority, names: &[&str]) -> Self {
        Self::start(Some(authority.config(names, &["http/1.1"])))
    }

    /// Without TLS.
    pub(crate) fn plain() -> Self {
        Self::start(None)
    }

    fn start(config: Option<ServerConfig>) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let met = Arc::new(Met::default());
        let acceptor = config.map(|config| TlsAcceptor::from(Arc::new(config)));
        runtime.spawn(accept(listener, acceptor, met.clone()));
        Self {
            address,
            met,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.met.requests.lock().unwrap().clone()
    }

    /// Connections that were ever made.
    pub(crate) fn connections(&self) -> usize {
        self.met.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    #[track_caller]
    pub(crate) fn comes_to(&self, open: usize) {
        for _ in 0..200 {
            if self.met.open.load(Ordering::SeqCst) == open {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!(
            "{} are open, not {open}",
            self.met.open.load(Ordering::SeqCst)
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, met: Arc<Met>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, met) = (acceptor.clone(), met.clone());
        met.connections.fetch_add(1, Ordering::SeqCst);
        met.open.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            match acceptor {
                None => serve(stream, false, None, met.clone()).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let tls: &ServerConnection = stream.get_ref().1;
                        let name = tls.server_name().map(str::to_owned);
                        let two = tls.alpn_protocol() == Some(b"h2");
                        serve(stream, two, name, met.clone()).await;
                    }
                }
            }
            met.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn serve<S>(stream: S, two: bool, asked_for: Option<String>, met: Arc<Met>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request| meet(request, asked_for.clone(), met.clone()));
    let stream = TokioIo::new(stream);
    if two {
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        drop(builder.serve_connection(stream, service).await);
    } else {
        let builder = hyper::server::conn::http1::Builder::new();
        drop(builder.serve_connection(stream, service).await);
    }
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

async fn meet(
    request: Request<Incoming>,
    asked_for: Option<String>,
    met: Arc<Met>,
) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap_or("?").to_owned();
    let mut seen = Seen {
        method: head.method.to_string(),
        target: head
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        version: format!("{:?}", head.version),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: 0,
        asked_for,
    };
    if let Some(authority) = head.uri.authority() {
        seen.headers
            .push(("host".to_owned(), authority.to_string())); // HTTP/2 says it there
    }
    let at = {
        let mut requests = met.requests.lock().unwrap();
        requests.push(seen);
        requests.len() - 1
    };
    let mut body = body;
    while let Some(frame) = body.frame().await {
        let length = frame?.data_ref().map_or(0, Bytes::len);
        met.requests.lock().unwrap()[at].body += length;
    }
    let mut answer = answer(head.uri.path(), head.uri.query()).await;
    if head.method == hyper::Method::HEAD {
        *answer.body_mut() = full("");
    }
    Ok(answer)
}

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed_unsync()
}

/// What each path gets.
async fn answer(path: &str, query: Option<&str>) -> Response<Body> {
    let number = || {
        query
            .and_then(|query| query.parse::<usize>().ok())
            .unwrap_or(0)
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    match last {
        "redirect" => Response::builder()
            .status(302)
            .header("location", query.unwrap_or("/"))
            .body(full("elsewhere")),
        "bytes" => Response::builder().body(parts(number(), Duration::ZERO)),
        "bomb" => Response::builder()
            .header("content-encoding", "gzip")
            .body(parts(number(), Duration::ZERO)),
        "drip" => Response::builder().body(parts(usize::MAX, Duration::from_millis(100))),
        "silent" => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            Response::builder().body(full(""))
        }
        "headers" => {
            let mut response = Response::builder();
            for n in 0..number() {
                response = response.header(format!("x-{n}"), "y".repeat(1024));
            }
            response.body(full(""))
        }
        "hop" => Response::builder()
            .header("keep-alive", "timeout=5")
            .header("proxy-connection", "x")
            .body(full("ok")),
        "nothing" => Response::builder().status(204).body(full("")),
        "payments" => Response::builder()
            .status(201)
            .header("location", "/payments/1")
            .body(full("")),
        _ => Response::builder().body(full(format!("hello from {path}"))),
    }
    .unwrap()
}

/// So many bytes, in parts of 16 KiB at most; a slow one sends 1 at a time.
fn parts(bytes: usize, pause: Duration) -> Body {
    let part = if pause.is_zero() { 16 << 10 } else { 1 };
    let stream = futures::stream::unfold(bytes, move |left| async move {
        if left == 0 {
            return None;
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let now = left.min(part);
        let data = Bytes::from(vec![b'z'; now]);
        Some((Ok(Frame::data(data)), left - now))
    });
    StreamBody::new(stream).boxed_unsync()
}
