//! The requests of one call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use vouchsafe_clearance::{About, EffectGate};
use vouchsafe_policy::EffectiveToken;
use vouchsafe_policy::http::Admission;
use vouchsafe_secrets::{Placeholders, Token};

use crate::budget::Budget;
use crate::egress::{Egress, Within};
use crate::failure::{Failure, Refused};
use crate::outgoing::{Outgoing, judge};
use crate::pool::Named;
use crate::received::Received;
use crate::token::{self, Bearer, NotGiven};
use crate::wire::Body;

/// What a guest asks to be waited for at most; the grant's and the call's time end it sooner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Option<Duration>,
    /// For the head of the response.
    pub first_byte: Option<Duration>,
    /// Between two parts of its body.
    pub between_bytes: Option<Duration>,
}

/// The most bytes of an answer that gives a token.
const TOKEN_BYTES: usize = 64 << 10;

/// What one call may send.
#[derive(Clone)]
pub struct Requests {
    egress: Arc<Egress>,
    gate: EffectGate,
    budget: Arc<Budget>,
    placeholders: Arc<Placeholders>,
    /// Bodies to be signed are kept one at a time, so that a call holds no more than one.
    signing: Arc<Semaphore>,
    deadline: Instant,
    cancel: CancellationToken,
}

impl Requests {
    /// For the call whose gate is `gate`, which ends at `deadline` or when it is cancelled.
    #[must_use]
    pub fn new(
        egress: Arc<Egress>,
        gate: EffectGate,
        deadline: Instant,
        cancel: CancellationToken,
    ) -> Self {
        let placeholders = Arc::new(placeholders(&gate));
        Self {
            egress,
            gate,
            placeholders,
            budget: Arc::default(),
            signing: Arc::new(Semaphore::new(1)),
            deadline,
            cancel,
        }
    }

    /// What stands for credentials in this call, by the secret's name.
    pub fn placeholders(&self) -> impl Iterator<Item = (&str, &str)> {
        self.placeholders.all()
    }

    /// Finds the line of the grant that allows a request.
    ///
    /// # Errors
    /// Why none does, and the line that would. It is not recorded yet.
    pub fn judge(&self, head: Parts) -> Result<Outgoing, Refused> {
        judge(&self.gate, &self.placeholders, head)
    }

    /// The same, for requests that are part of what `gate` is the gate of.
    #[must_use]
    pub fn inside(&self, gate: EffectGate) -> Self {
        Self {
            gate,
            ..self.clone()
        }
    }

    /// Clears and sends a request in the host's own words, to where policy has admitted it.
    ///
    /// # Errors
    /// As [`Requests::send`].
    pub async fn send_own(
        &self,
        admission: Admission,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Received>, Failure> {
        let outgoing = Outgoing::own(admission, headers, body.len() as u64);
        let body = Full::new(body).map_err(|never| match never {});
        self.send(outgoing, body.boxed_unsync(), Timeouts::default())
            .await
    }

    /// Clears a request and sends it, `body` after its head.
    ///
    /// # Errors
    /// When there is no response. What became of it is recorded, a [`Failure::Refused`] aside.
    pub async fn send(
        &self,
        outgoing: Outgoing,
        body: Body,
        timeouts: Timeouts,
    ) -> Result<Response<Received>, Failure> {
        let token = self.token(&outgoing).await?;
        self.deliver(outgoing, body, timeouts, token).await
    }

    /// What stands for the destination's credential, if its service gives tokens for that.
    async fn token(&self, outgoing: &Outgoing) -> Result<Option<Bearer>, Failure> {
        let admission = outgoing.admission();
        let Some(token) = &admission.http().token else {
            return Ok(None);
        };
        let secrets = self.egress.secrets();
        let named = Named::of(self.gate.permit(), admission.name());
        let changes = secrets.changes();
        let slot = self.egress.tokens().slot(named, changes);
        let time = Duration::from_millis(admission.http().bounds.time_ms);
        let until = self.deadline.min(Instant::now() + time);
        let got = tokio::time::timeout_at(until.into(), slot.get(self.ask(outgoing, token)));
        let lease = got.await.unwrap_or(Err(Failure::TooSlow(time)))?;
        secrets.note(&lease);
        Ok(Some(Bearer {
            lease,
            changes,
            slot,
        }))
    }

    /// Asks for another, as a request of this call (RFC 6749, 4.4.2).
    async fn ask(&self, outgoing: &Outgoing, token: &EffectiveToken) -> Result<Token, NotGiven> {
        let (status, body) = self.question(outgoing, token).await.map_err(|failure| {
            let is_for_all = matches!(
                failure,
                Failure::NoConnection(_) | Failure::Tls(_) | Failure::Broken(_)
            );
            NotGiven {
                failure,
                is_for_all,
            }
        })?;
        let auth = outgoing.admission().http().auth.as_ref();
        let read = auth.map(|(_, source)| Token::read(status, &body, &source.kept));
        let failure = match read {
            Some(Ok(token)) => return Ok(token),
            Some(Err(missing)) => outgoing.without(missing),
            None => Failure::Broken("nothing to ask with".to_owned()),
        };
        Err(NotGiven {
            failure,
            is_for_all: true,
        })
    }

    /// What the service answers.
    async fn question(
        &self,
        outgoing: &Outgoing,
        token: &EffectiveToken,
    ) -> Result<(u16, Bytes), Failure> {
        let (own, body) = token::question(outgoing.admission().name(), token);
        let answer = self.deliver(own, body, Timeouts::default(), None).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), TOKEN_BYTES)
            .collect()
            .await;
        let body = body.map_err(|error| match error.downcast::<Failure>() {
            Ok(failure) => *failure,
            Err(_) => Failure::TooMuch("what gives tokens answered with too much".to_owned()),
        })?;
        Ok((status, body.to_bytes()))
    }

    async fn deliver(
        &self,
        outgoing: Outgoing,
        body: Body,
        timeouts: Timeouts,
        token: Option<Bearer>,
    ) -> Result<Response<Received>, Failure> {
        let admission = outgoing.admission();
        let counted = self
            .budget
            .request(admission.name(), &admission.http().bounds);
        let used = counted.ok_or_else(|| too_many(&outgoing))?;
        let (kind, place) = (outgoing.kind(), admission.destination().place());
        let input = self
            .gate
            .commit(&outgoing.canonical())
            .map_err(Failure::NotCleared)?;
        let about = About {
            kind: &kind,
            place: &place,
            rule: Some(outgoing.rule()),
            input: Some(input),
        };
        let cleared = self
            .gate
            .clear(outgoing, about)
            .map_err(Failure::NotCleared)?;
        let within = Within {
            used,
            token,
            signing: Arc::clone(&self.signing),
            timeouts,
            deadline: self.deadline,
            cancel: self.cancel.clone(),
        };
        self.egress.send(cleared, body, within).await
    }
}

/// One for each credential that the tool's destinations want so.
fn placeholders(gate: &EffectGate) -> Placeholders {
    let permit = gate.permit();
    let reached = permit.http().of_tool(&permit.tool().name);
    let auths = reached.filter_map(|(_, http)| http.auth.as_ref());
    let asked = auths.filter(|(auth, _)| auth.placeholder);
    Placeholders::new(asked.map(|(auth, _)| &*auth.secret))
}

fn too_many(outgoing: &Outgoing) -> Failure {
    let admission: &Admission = outgoing.admission();
    let (name, http) = (admission.name(), admission.http());
    let most = http.bounds.requests;
    Failure::Refused(Box::new(Refused {
        kind: outgoing.kind(),
        place: admission.destination().place(),
        why: format!("a call makes at most {most} requests to `{name}`"),
        fix: format!(
            "{}: `[{}]` with `limits = {{ requests = {} }}`",
            http.place,
            admission.table(),
            most.saturating_mul(2)
        ),
    }))
}
