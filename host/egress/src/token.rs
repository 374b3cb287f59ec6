//! Tokens that stand for credentials: asked for by one request for all that wait, and kept until they are about to end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use url::form_urlencoded;
use vouchsafe_policy::EffectiveToken;
use vouchsafe_policy::http::Admission;
use vouchsafe_secrets::{Lease, Token};

use crate::failure::Failure;
use crate::outgoing::Outgoing;
use crate::pool::Named;
use crate::wire::Body;

/// The tokens of this host, each for one destination of one grant.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// How often credentials had changed.
    changes: u64,
    slots: HashMap<Named, Arc<Slot>>,
}

/// Where one token is.
#[derive(Default)]
pub(crate) struct Slot {
    /// Held by the one who asks for another.
    asking: tokio::sync::Mutex<()>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// With the time when it was given.
    token: Option<(Instant, Token)>,
    failed: Option<(Instant, Failure)>,
}

/// Why there is no token.
pub(crate) struct NotGiven {
    pub(crate) failure: Failure,
    /// Whether whoever else asks would hear the same. What a call's own limits end is its own.
    pub(crate) is_for_all: bool,
}

/// A service is asked no sooner again after it refused, and a token that was refused is given up no sooner: a guest that
/// provokes refusals has it asked no more often.
const PAUSE: Duration = Duration::from_secs(1);

/// A token that goes into a request, and where it is kept.
pub(crate) struct Bearer {
    pub(crate) lease: Arc<Lease>,
    /// How often credentials had changed when it was taken.
    pub(crate) changes: u64,
    pub(crate) slot: Arc<Slot>,
}

impl Tokens {
    /// Where the token of `named` is, as long as credentials have changed `changes` times.
    pub(crate) fn slot(&self, named: Named, changes: u64) -> Arc<Slot> {
        let mut kept = self.kept();
        if kept.changes < changes {
            *kept = Kept {
                changes,
                slots: HashMap::new(),
            };
        }
        Arc::clone(kept.slots.entry(named).or_default())
    }

    /// The rules have changed.
    pub(crate) fn forget(&self) {
        self.kept().slots.clear();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// The token, which `ask` gets if there is none, or somebody else's `ask` under way.
    ///
    /// # Errors
    /// Why there is none: the own reason, or that of whoever asked meanwhile.
    pub(crate) async fn get(
        &self,
        ask: impl Future<Output = Result<Token, NotGiven>>,
    ) -> Result<Arc<Lease>, Failure> {
        if let Some(lease) = self.fresh() {
            return Ok(lease);
        }
        let since = Instant::now();
        let _asking = self.asking.lock().await;
        if let Some(lease) = self.fresh() {
            return Ok(lease);
        }
        if let Some(failure) = self.failed_since(since) {
            return Err(failure);
        }
        let asked = ask.await;
        let mut held = self.held();
        match asked {
            Ok(token) => {
                let lease = Arc::clone(token.lease());
                held.token = Some((Instant::now(), token));
                Ok(lease)
            }
            Err(NotGiven {
                failure,
                is_for_all,
            }) => {
                held.failed = is_for_all.then(|| (Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// The service did not take it: the next request asks for another.
    pub(crate) fn refused(&self, lease: &Arc<Lease>) {
        let mut held = self.held();
        held.token.take_if(|(given, token)| {
            Arc::ptr_eq(token.lease(), lease) && given.elapsed() >= PAUSE
        });
    }

    fn fresh(&self) -> Option<Arc<Lease>> {
        let held = self.held();
        let token = held.token.as_ref().filter(|(_, token)| token.is_fresh());
        token.map(|(_, token)| Arc::clone(token.lease()))
    }

    fn failed_since(&self, since: Instant) -> Option<Failure> {
        let held = self.held();
        let is_new = |at: &Instant| *at >= since || at.elapsed() < PAUSE;
        let failed = held.failed.as_ref().filter(|(at, _)| is_new(at));
        failed.map(|(_, failure)| failure.clone())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What asks for a token for the destination `name` (RFC 6749, 4.4.2).
pub(crate) fn question(name: &str, token: &EffectiveToken) -> (Outgoing, Body) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if !token.scope.is_empty() {
        form.append_pair("scope", &token.scope);
    }
    let form = Bytes::from(form.finish());
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind), (ACCEPT, json)]);
    let outgoing = Outgoing::own(Admission::of_token(name, token), headers, form.len() as u64);
    let body = Full::new(form).map_err(|never| match never {});
    (outgoing, body.boxed_unsync())
}
