//! The way to the host: the client of the moment, behind what the protocol library asks of one. A connection that can't be
//! made is tried again for a while, since nothing was sent; whatever else fails is not, since it may have been done.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::stream::BoxStream;
use http::{HeaderName, HeaderValue};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
    StreamableHttpResponseLimits,
};
use tokio::time::Instant;

/// How long a host may be away: it restarts, or its address moves.
const AWAY: Duration = Duration::from_secs(60);

/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// The way in; all clones are one.
#[derive(Clone)]
pub(crate) struct Door(Arc<RwLock<reqwest::Client>>);

type Headers = HashMap<HeaderName, HeaderValue>;
type Failed = StreamableHttpError<reqwest::Error>;

impl Door {
    pub(super) fn new(client: reqwest::Client) -> Self {
        Self(Arc::new(RwLock::new(client)))
    }

    /// Requests from now on go by `client`.
    pub(super) fn is_now(&self, client: reqwest::Client) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = client;
    }

    fn client(&self) -> reqwest::Client {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Does `work` until a connection was made.
    async fn again<T, F: Future<Output = Result<T, Failed>>>(
        &self,
        work: impl Fn(reqwest::Client) -> F,
    ) -> Result<T, Failed> {
        let gives_up = Instant::now() + AWAY;
        loop {
            match work(self.client()).await {
                Err(StreamableHttpError::Client(error))
                    if error.is_connect() && Instant::now() < gives_up =>
                {
                    tracing::debug!(%error, "the host can't be reached");
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }
}

impl StreamableHttpClient for Door {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        auth: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(uri, message, session, auth, headers, limits)
            .await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        auth: Option<String>,
        headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        self.again(|client| {
            let (uri, message, session) = (uri.clone(), message.clone(), session.clone());
            let (auth, headers) = (auth.clone(), headers.clone());
            async move {
                client
                    .post_message_with_response_limits(uri, message, session, auth, headers, limits)
                    .await
            }
        })
        .await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        auth: Option<String>,
        headers: Headers,
    ) -> Result<(), Failed> {
        self.client()
            .delete_session(uri, session, auth, headers)
            .await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        auth: Option<String>,
        headers: Headers,
    ) -> Result<BoxStream<'static, Result<sse_stream::Sse, SseError>>, Failed> {
        self.again(|client| {
            let (uri, session) = (uri.clone(), session.clone());
            let (last_event, auth, headers) = (last_event.clone(), auth.clone(), headers.clone());
            async move {
                client
                    .get_stream(uri, session, last_event, auth, headers)
                    .await
            }
        })
        .await
    }
}
