//! One connection to a checked address, for one request at a time.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use crate::sent::BodyError;

/// The body of a request.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Headers of a response: more than servers send, and what a guest may be made to hold.
pub(crate) const HEADERS: usize = 100;
pub(crate) const HEADER_BYTES: usize = 64 << 10;
/// How long a connection may take to be ready again once it has answered.
const SETTLES: Duration = Duration::from_millis(100);

/// A connection. It is closed when this is dropped, whatever is under way.
pub(crate) struct Wire {
    sender: Sender,
    driver: JoinHandle<()>,
}

enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// What came of sending.
pub(crate) enum Tried {
    Answered(Response<Incoming>),
    /// Nothing left the process; here is the request again.
    Unsent(Box<Request<Body>>),
    Broken(hyper::Error),
}

impl Wire {
    /// Speaks HTTP/1.1 on `stream`. To be called where the connection is to be driven.
    pub(crate) async fn one<S>(stream: S) -> hyper::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut builder = http1::Builder::new();
        builder.max_headers(HEADERS).max_buf_size(HEADER_BYTES);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self {
            sender: Sender::One(sender),
            driver,
        })
    }

    /// Speaks HTTP/2 on `stream`. To be called where the connection is to be driven.
    pub(crate) async fn two<S>(stream: S) -> hyper::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(HEADER_BYTES as u32);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self {
            sender: Sender::Two(sender),
            driver,
        })
    }

    /// Whether it can take another request, soon.
    pub(crate) async fn settles(&mut self) -> bool {
        let ready = async {
            match &mut self.sender {
                Sender::One(sender) => sender.ready().await.is_ok(),
                Sender::Two(sender) => sender.ready().await.is_ok(),
            }
        };
        tokio::time::timeout(SETTLES, ready).await.unwrap_or(false)
    }

    /// Whether requests name scheme and host in their target, and not in `Host`.
    pub(crate) fn is_two(&self) -> bool {
        matches!(self.sender, Sender::Two(_))
    }

    /// Sends a request and waits for the head of its response.
    pub(crate) async fn send(&mut self, request: Request<Body>) -> Tried {
        let answer = match &mut self.sender {
            Sender::One(sender) => sender.try_send_request(request).await,
            Sender::Two(sender) => sender.try_send_request(request).await,
        };
        match answer {
            Ok(response) => Tried::Answered(response),
            Err(mut error) => match error.take_message() {
                Some(request) => Tried::Unsent(Box::new(request)),
                None => Tried::Broken(error.into_error()),
            },
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
