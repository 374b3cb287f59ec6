//! Lets a client that has no certificate talk to a served home: plain HTTP on loopback, passed on over TLS as one agent.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::served::{Papers, Served, tls};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The proxy, until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Way {
    own: SocketAddr,
    port: u16,
    tls: Arc<ClientConfig>,
}

impl Proxy {
    /// Passes requests on to `served`, showing `papers`.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start(served: &Served, papers: &Papers) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let way = Way {
            own: address,
            port: served.port,
            tls: Arc::new(tls(Some(papers))),
        };
        let task = tokio::spawn(accept(listener, way));
        Self { address, task }
    }

    /// Where MCP is spoken.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, way: Way) {
    while let Ok((stream, _)) = listener.accept().await {
        let way = way.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(way.clone(), request));
            let connection = server::conn::http1::Builder::new();
            drop(
                connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

async fn answer(
    way: Way,
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Failure> {
    match pass_on(way, request).await {
        Ok(response) => Ok(response.map(BodyExt::boxed)),
        Err(error) => {
            let says = Full::new(Bytes::from(error.to_string())).map_err(|never| match never {});
            let mut response = Response::new(says.boxed());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            Ok(response)
        }
    }
}

/// Only the proxy's own name is rewritten: another one is what a test wants to see refused.
async fn pass_on(way: Way, mut request: Request<Incoming>) -> Result<Response<Incoming>, Failure> {
    let own = way.own.to_string();
    if request
        .headers()
        .get(HOST)
        .is_some_and(|host| host == &*own)
    {
        let name = HeaderValue::from_str(&format!("127.0.0.1:{}", way.port))?;
        request.headers_mut().insert(HOST, name);
    }
    let stream = TcpStream::connect(("127.0.0.1", way.port)).await?;
    let connector = tokio_rustls::TlsConnector::from(way.tls);
    let stream = connector
        .connect(ServerName::try_from("127.0.0.1")?, stream)
        .await?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}
