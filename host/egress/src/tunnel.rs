//! Through the operator's proxy: a tunnel, which the proxy can't look into (RFC 9110, 9.3.6).

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::{self, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use crate::failure::Failure;
use crate::wire::{HEADER_BYTES, HEADERS};

/// What comes out at the other side of a proxy.
pub(crate) type Tunnel = TokioIo<Upgraded>;

/// Has the proxy behind `stream` connect to `to`, which was checked: it is told an address and never a name.
///
/// # Errors
/// When it doesn't.
pub(crate) async fn through(stream: TcpStream, to: SocketAddr) -> Result<Tunnel, Failure> {
    let failed = |error: hyper::Error| Failure::NoConnection(format!("the proxy: {error}"));
    let mut builder = http1::Builder::new();
    builder.max_headers(HEADERS).max_buf_size(HEADER_BYTES);
    let shaken = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(failed)?;
    let driver = tokio::spawn(async move { drop(connection.with_upgrades().await) });
    let _driver = AbortOnDropHandle::new(driver);
    let response = sender.send_request(connect_to(to)?).await.map_err(failed)?;
    match response.status() {
        status if status.is_success() => {}
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            return Err(Failure::NoConnection(
                "the proxy wants credentials, and this host has none for it".to_owned(),
            ));
        }
        status => {
            let why = format!("the proxy answers {}", status.as_u16());
            return Err(Failure::NoConnection(why));
        }
    }
    upgrade::on(response)
        .await
        .map(TokioIo::new)
        .map_err(failed)
}

fn connect_to(to: SocketAddr) -> Result<Request<Empty<Bytes>>, Failure> {
    let authority = to.to_string();
    Request::builder()
        .method(Method::CONNECT)
        .header(http::header::HOST, &authority)
        .uri(authority)
        .body(Empty::new())
        .map_err(|error| Failure::NoConnection(error.to_string()))
}
