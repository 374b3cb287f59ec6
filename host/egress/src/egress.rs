//! The one who sends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Full, Limited};
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use vouchsafe_audit::{Status, Why};
use vouchsafe_clearance::{Cleared, Epoch, Part, Refusal};
use vouchsafe_policy::http::{Admission, Destination};
use vouchsafe_secrets::{Secrets, Watch, Whole};
use zeroize::Zeroizing;

use crate::budget::Used;
use crate::credential::{self, Credential};
use crate::dial::{self, Stream, dial};
use crate::failure::Failure;
use crate::open::Open;
use crate::outgoing::{BODY, Outgoing};
use crate::pool::{Key, Lease, Named, Pool};
use crate::received::{Bounded, Received};
use crate::requests::Timeouts;
use crate::sent::{BodyError, Sent, Tally};
use crate::settings::Settings;
use crate::tls;
use crate::token::{Bearer, Tokens};
use crate::wire::{Body, HEADER_BYTES, HEADERS, Tried, Wire};

/// How often connections that waited for too long are looked for.
const TIDY: Duration = Duration::from_secs(15);

/// The door out, one for the process.
pub struct Egress {
    io: Handle,
    settings: RwLock<Arc<Settings>>,
    pool: Arc<Pool>,
    configs: Mutex<HashMap<Named, Arc<ClientConfig>>>,
    secrets: Arc<Secrets>,
    tokens: Tokens,
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no asynchronous runtime to drive connections.
    #[error("no runtime: {0}")]
    Runtime(#[from] tokio::runtime::TryCurrentError),
}

/// What belongs to one request besides what was cleared.
pub(crate) struct Within {
    pub(crate) used: Arc<Used>,
    /// What stands for the destination's credential there.
    pub(crate) token: Option<Bearer>,
    /// The turn to keep a body that is to be signed.
    pub(crate) signing: Arc<Semaphore>,
    pub(crate) timeouts: Timeouts,
    /// When the call itself ends.
    pub(crate) deadline: Instant,
    pub(crate) cancel: CancellationToken,
}

impl Egress {
    /// Begins. Connections are driven by the runtime that this is called in; those that wait are closed
    /// whenever `epoch` advances.
    ///
    /// # Errors
    /// When there is no runtime.
    pub fn start(
        settings: Settings,
        epoch: &Epoch,
        secrets: Arc<Secrets>,
    ) -> Result<Arc<Self>, StartError> {
        let egress = Arc::new(Self {
            io: Handle::try_current()?,
            settings: RwLock::new(Arc::new(settings)),
            pool: Arc::new(Pool::new(epoch.clone())),
            configs: Mutex::default(),
            secrets,
            tokens: Tokens::default(),
        });
        egress
            .io
            .spawn(watch(Arc::downgrade(&egress), epoch.clone()));
        Ok(egress)
    }

    /// Where credentials come from.
    #[must_use]
    pub fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// The tokens that stand for credentials.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Takes up other settings, from the next connection on.
    pub fn configure(&self, settings: Settings) {
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// A connection for what `cleared` does in its own protocol, once its intent is durable. It is the caller's: who lets
    /// go of it closes it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn connect<E>(
        &self,
        cleared: &Cleared<Part<E>>,
        admission: &Admission,
    ) -> Result<Stream, Failure> {
        cleared.durable().await.map_err(Failure::NotCleared)?;
        cleared.still_valid().map_err(Failure::NotCleared)?;
        dial::stream(&self.settings(), admission).await
    }

    fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.read();
        Arc::clone(&settings.unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends what was cleared, and `body` after it. Nothing leaves before the intent is durable.
    ///
    /// # Errors
    /// When there is no response. The end is recorded either way.
    pub(crate) async fn send(
        self: &Arc<Self>,
        cleared: Cleared<Part<Outgoing>>,
        body: Body,
        within: Within,
    ) -> Result<Response<Received>, Failure> {
        let durable = cleared.durable().await;
        let tally = Arc::new(Tally::default());
        let outgoing = cleared.action().effect().clone();
        let bounds = outgoing.admission().http().bounds;
        let sent = |body| {
            let (used, tally) = (within.used.clone(), tally.clone());
            Sent::new(
                body,
                outgoing.length(),
                used,
                bounds,
                tally,
                self.pool.changes(),
            )
        };
        let mut open = Open::new(
            cleared,
            tally.clone(),
            within.deadline,
            within.cancel.clone(),
        );
        durable.map_err(|refusal| not_valid(&mut open, refusal))?;
        let time = Duration::from_millis(bounds.time_ms);
        let until = within.deadline.min(Instant::now() + time);
        let exchange = async {
            let _turn = match outgoing.signed() {
                Some(_) => within.signing.acquire().await.ok(),
                None => None,
            };
            let (body, whole) = match (outgoing.has_a_body(), outgoing.signed()) {
                (true, None) => (sent(body).boxed_unsync(), Bytes::new()),
                (true, Some(most)) => {
                    let whole = whole(&outgoing, body, most).await?;
                    let again = Full::new(whole.clone()).map_err(|never| match never {});
                    (sent(again.boxed_unsync()).boxed_unsync(), whole)
                }
                (false, _) => (no_body(&outgoing, sent(body)).await?, Bytes::new()),
            };
            self.exchange(&outgoing, &mut open, body, &whole, &within)
                .await
        };
        let exchanged = tokio::time::timeout_at(until.into(), exchange).await;
        let exchanged = exchanged.unwrap_or(Err(Failure::TooSlow(time)));
        let (response, lease, watch) =
            exchanged.map_err(|failure| ended(&mut open, &tally, failure))?;
        let bounded = Bounded {
            tally,
            used: within.used,
            bounds,
            until: until.into(),
            pause: within.timeouts.between_bytes,
            watch: watch.map(|watch| watch.stream()),
        };
        Ok(response.map(|incoming| Received::new(incoming, open, lease, bounded)))
    }

    async fn exchange(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        open: &mut Open,
        body: Body,
        whole: &[u8],
        within: &Within,
    ) -> Result<(Response<Incoming>, Lease, Option<Arc<Watch>>), Failure> {
        let (timeouts, token) = (&within.timeouts, within.token.as_ref());
        let admission = outgoing.admission();
        let mut headers = outgoing.headers().clone();
        let credential = self
            .credential(outgoing, open, whole, token, &mut headers)
            .await?;
        let watch = credential.as_ref().map(Credential::watch);
        let mut request = request(admission, headers, body)?;
        let key = self.key(open, admission, credential.as_ref())?;
        loop {
            let (mut lease, is_new) = self.connection(&key, admission, timeouts).await?;
            let extra = credential.as_ref().and_then(Credential::extra);
            address(
                &mut request,
                admission.destination(),
                extra,
                lease.wire.is_two(),
            )?;
            // The last instant: from here on it may leave.
            if let Some(Err(refusal)) = open.cleared().map(Cleared::still_valid) {
                return Err(Failure::NotCleared(refusal));
            }
            open.handed(outgoing.head_bytes());
            match first_byte(timeouts, lease.wire.send(request)).await? {
                Tried::Answered(response) => {
                    if let Some(token) =
                        token.filter(|_| response.status() == StatusCode::UNAUTHORIZED)
                    {
                        token.slot.refused(&token.lease);
                    }
                    let response = answered(response, open, watch)?;
                    return Ok((response, lease, watch.cloned()));
                }
                Tried::Unsent(again) if !is_new => {
                    open.handed_back();
                    request = *again;
                }
                Tried::Unsent(_) => {
                    open.handed_back();
                    return Err(Failure::NoConnection("it was closed at once".to_owned()));
                }
                Tried::Broken(error) => return Err(Failure::Broken(error.to_string())),
            }
        }
    }

    /// The destination's credential, which is in `headers` or goes to the address, or has signed the request with the body
    /// `whole`. Without it nothing is sent.
    async fn credential(
        &self,
        outgoing: &Outgoing,
        open: &Open,
        whole: &[u8],
        token: Option<&Bearer>,
        headers: &mut HeaderMap,
    ) -> Result<Option<Credential>, Failure> {
        let ended = || Failure::Broken("it has ended".to_owned());
        let Some((auth, source)) = &outgoing.admission().http().auth else {
            return Ok(None);
        };
        let cleared = open.cleared().ok_or_else(ended)?;
        let lease = match token {
            Some(token) if token.changes == self.secrets.changes() => Arc::clone(&token.lease),
            Some(_) => return Err(Failure::Broken("its credential was changed".to_owned())),
            // What stands for a credential there is never the credential itself.
            None if outgoing.admission().http().token.is_some() => return Err(ended()),
            None => {
                let lease = self.secrets.lease(cleared, &source.kept).await;
                lease.map_err(|missing| outgoing.without(missing))?
            }
        };
        let admission = outgoing.admission();
        let request = Whole {
            method: admission.method(),
            to: admission.destination(),
            body: whole,
        };
        let credential = Credential::put(lease, auth, source, &request, headers);
        credential
            .map(Some)
            .map_err(|missing| outgoing.without(missing))
    }

    fn key(
        &self,
        open: &Open,
        admission: &Admission,
        credential: Option<&Credential>,
    ) -> Result<Key, Failure> {
        let cleared = open
            .cleared()
            .ok_or_else(|| Failure::Broken("it has ended".to_owned()))?;
        Ok(Key::of(cleared.permit(), admission, credential))
    }

    /// A connection that waits, or else a new one; and whether it is new.
    async fn connection(
        self: &Arc<Self>,
        key: &Key,
        admission: &Admission,
        timeouts: &Timeouts,
    ) -> Result<(Lease, bool), Failure> {
        while let Some(mut lease) = self.pool.take(key) {
            if lease.wire.settles().await {
                return Ok((lease, false));
            }
        }
        let wire = self.dial(key, admission, timeouts).await?;
        Ok((self.pool.lease(key.clone(), wire), true))
    }

    /// Dials where connections are driven, so that a thread full of guests does not slow it.
    async fn dial(
        self: &Arc<Self>,
        key: &Key,
        admission: &Admission,
        timeouts: &Timeouts,
    ) -> Result<Wire, Failure> {
        let (config, admission) = (self.config(key, admission)?, admission.clone());
        let settings = self.settings();
        let dialled = async move { dial(&settings, config, &admission).await };
        let dialled = self.io.spawn(dialled);
        let dialled = AbortOnDropHandle::new(dialled);
        let most = timeouts.connect.unwrap_or(Duration::MAX);
        match tokio::time::timeout(most, dialled).await {
            Ok(dialled) => {
                dialled.unwrap_or_else(|error| Err(Failure::NoConnection(error.to_string())))
            }
            Err(_) => Err(Failure::TooSlow(most)),
        }
    }

    fn config(&self, key: &Key, admission: &Admission) -> Result<Arc<ClientConfig>, Failure> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(key.named()) {
            return Ok(Arc::clone(config));
        }
        let config = tls::config(&admission.http().roots).map_err(Failure::Tls)?;
        configs.insert(key.named().clone(), Arc::clone(&config));
        Ok(config)
    }

    /// The rules have changed: no connection that waits outlives them.
    fn forget(&self) {
        self.pool.close();
        self.tokens.forget();
        self.configs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

async fn watch(egress: Weak<Egress>, epoch: Epoch) {
    let mut known = epoch.current();
    loop {
        let changed = tokio::time::timeout(TIDY, epoch.after(known)).await;
        let Some(egress) = egress.upgrade() else {
            return;
        };
        match changed {
            Ok(now) => {
                known = now;
                egress.forget();
            }
            Err(_) => egress.pool.tidy(),
        }
    }
}

/// All of a body, which is to be signed before any of it is sent.
async fn whole(outgoing: &Outgoing, body: Body, most: u64) -> Result<Bytes, Failure> {
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let collected = Limited::new(body, limit).collect().await;
    let collected = collected.map_err(|error| match error.downcast::<BodyError>() {
        Ok(error) => Failure::Broken(error.to_string()),
        Err(_) => Failure::TooMuch(format!(
            "a body that is signed has at most {most} bytes here"
        )),
    })?;
    if collected.trailers().is_some() {
        return Err(Failure::Broken(BodyError::Trailers.to_string()));
    }
    let whole = collected.to_bytes();
    match outgoing.length() {
        Some(length) if length != whole.len() as u64 => Err(Failure::WrongLength),
        _ => Ok(whole),
    }
}

/// Waits for the end of a body that must be empty: left to the protocol it would not be sent, and
/// the guest would not hear of it.
async fn no_body(outgoing: &Outgoing, mut body: Sent) -> Result<Body, Failure> {
    match body.frame().await {
        None => Ok(Empty::new().map_err(|never| match never {}).boxed_unsync()),
        Some(Err(error)) => Err(Failure::Broken(error.to_string())),
        Some(Ok(_)) => Err(Failure::Refused(Box::new(outgoing.refused(BODY)))),
    }
}

fn request(
    admission: &Admission,
    headers: HeaderMap,
    body: Body,
) -> Result<Request<Body>, Failure> {
    let built = Request::builder().method(admission.method()).body(body);
    let mut request = built.map_err(|error| Failure::Broken(error.to_string()))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Says where the request goes, as the version of the protocol wants it. It is the destination that
/// was matched, whatever the guest spelt.
fn address(
    request: &mut Request<Body>,
    to: &Destination,
    extra: Option<&str>,
    is_two: bool,
) -> Result<(), Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::Broken(error.to_string());
    let mut target = Zeroizing::new(match is_two {
        true => to.to_string(),
        false => to.path_and_query(),
    });
    if let Some(extra) = extra {
        let join = if target.contains('?') { '&' } else { '?' };
        target.push(join);
        target.push_str(extra);
    }
    *request.uri_mut() = target.parse::<Uri>().map_err(|error| bad(&error))?;
    request.headers_mut().remove(HOST);
    if !is_two {
        let host = HeaderValue::try_from(to.authority()).map_err(|error| bad(&error))?;
        request.headers_mut().insert(HOST, host);
    }
    Ok(())
}

async fn first_byte<T>(
    timeouts: &Timeouts,
    sending: impl Future<Output = T>,
) -> Result<T, Failure> {
    match timeouts.first_byte {
        None => Ok(sending.await),
        Some(most) => tokio::time::timeout(most, sending)
            .await
            .map_err(|_| Failure::TooSlow(most)),
    }
}

/// Headers of one connection, which mean nothing beyond it (RFC 9110, 7.6.1).
const OF_THE_CONNECTION: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

fn answered(
    mut response: Response<Incoming>,
    open: &mut Open,
    watch: Option<&Arc<Watch>>,
) -> Result<Response<Incoming>, Failure> {
    open.answered(response.status().as_u16());
    if let Some(watch) = watch {
        credential::watch_head(watch, &response)?;
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failure::Broken("it changes the protocol".to_owned()));
    }
    let headers = response.headers().iter();
    let bytes: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if bytes > HEADER_BYTES || response.headers().len() > HEADERS {
        let why = "the response has more headers than are taken";
        return Err(Failure::TooMuch(why.to_owned()));
    }
    for name in OF_THE_CONNECTION {
        response.headers_mut().remove(name);
    }
    Ok(response)
}

fn not_valid(open: &mut Open, refusal: Refusal) -> Failure {
    open.end(Status::Killed, Why::Kill, refusal.why.clone());
    Failure::NotCleared(refusal)
}

/// Records the end of a request that got no response.
fn ended(open: &mut Open, tally: &Tally, failure: Failure) -> Failure {
    let failure = match failure {
        Failure::Broken(said) => tally.failure().unwrap_or(Failure::Broken(said)),
        other => other,
    };
    let detail = failure.to_string();
    match &failure {
        Failure::NotCleared(_) => open.end(Status::Killed, Why::Kill, detail),
        Failure::TooSlow(_) => open.end(Status::Deadline, Why::Deadline, detail),
        Failure::TooMuch(_) => open.cut(Status::Limit, &detail),
        Failure::Echo => open.echoed(),
        Failure::Unwatched => open.cut(Status::Limit, &detail),
        _ => open.end(Status::Failed, Why::Dropped, detail),
    }
    failure
}
