//! What a path gave, and how long it is good.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value as Json;
use vouchsafe_keys::Secret;
use vouchsafe_policy::grant::KeptIn;

use super::Vault;
use super::api::Answer;
use crate::lease::Lease;
use crate::provider::Unavailable;
use crate::strength;

/// For so long a value is used without asking whether it was rotated.
const FRESH: Duration = Duration::from_secs(5);

/// A lease there. Dropped, it is revoked.
pub(super) struct Grip {
    pub(super) id: String,
    /// Of which sign-in it is.
    pub(super) times: u64,
    pub(super) vault: Weak<Vault>,
}

impl Drop for Grip {
    fn drop(&mut self) {
        let (Some(vault), Ok(runtime)) =
            (self.vault.upgrade(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let (id, times) = (std::mem::take(&mut self.id), self.times);
        runtime.spawn(async move { vault.revoke(&id, times).await });
    }
}

/// What a path gave.
pub(super) struct Held {
    values: HashMap<String, Secret>,
    version: String,
    set: Option<Timestamp>,
    leases: HashMap<KeptIn, Arc<Lease>>,
    term: Option<Term>,
    read: Instant,
    used: Instant,
}

/// How long what is on lease is good.
struct Term {
    grip: Arc<Grip>,
    since: Instant,
    lasts: Duration,
    renewable: bool,
}

impl Held {
    /// Takes the values out of `answer`, in which versions stand one level deeper; with a grip, they are on lease.
    pub(super) fn of(answer: Answer, versioned: bool, grip: Option<Grip>) -> Self {
        let lasts = Duration::from_secs(answer.lease_duration);
        let mut data = answer.data;
        let mut metadata = Json::Null;
        if versioned {
            let mut part = |name| data.get_mut(name).map(Json::take).unwrap_or_default();
            metadata = part("metadata");
            data = part("data");
        }
        let fields = match data {
            Json::Object(fields) => fields,
            _ => serde_json::Map::new(),
        };
        let texts = fields.into_iter().filter_map(|(name, value)| match value {
            Json::String(text) => Some((name, Secret::from(text))),
            _ => None,
        });
        let told = |name| metadata.get(name).unwrap_or(&Json::Null);
        let now = Instant::now();
        let id = grip.as_ref().map(|grip| grip.id.clone());
        Self {
            values: texts.collect(),
            version: id.unwrap_or_else(|| told("version").to_string()),
            set: told("created_time")
                .as_str()
                .and_then(|time| time.parse().ok()),
            leases: HashMap::new(),
            term: grip.map(|grip| Term {
                grip: Arc::new(grip),
                since: now,
                lasts,
                renewable: answer.renewable,
            }),
            read: now,
            used: now,
        }
    }

    /// The credential that `at` names, of those that are here.
    pub(super) fn lease(&mut self, at: &KeptIn) -> Result<Arc<Lease>, Unavailable> {
        self.used = Instant::now();
        if let Some(lease) = self.leases.get(at) {
            return Ok(Arc::clone(lease));
        }
        let KeptIn::Vault {
            field,
            user_field,
            accept_weak,
            ..
        } = at
        else {
            return Err(Unavailable::new("it is not kept in a secrets manager", ""));
        };
        let value = self.value(at, field)?;
        if strength::is_weak(value.expose()) && !accept_weak {
            return Err(Unavailable::new(
                format!("the credential `{at}` looks easy to guess"),
                "let the other side make a longer, random one; or accept the risk with `accept_weak = true` in `auth`",
            ));
        }
        let user = user_field.as_deref().map(|field| self.value(at, field));
        let mut lease = Lease::new(at.to_string(), self.version.clone(), value)?;
        if let Some(user) = user.transpose()? {
            lease = lease.of_user(user)?;
        }
        if let Some(term) = &self.term {
            lease = lease.while_held(term.grip.clone());
        }
        let lease = Arc::new(lease);
        self.leases.insert(at.clone(), Arc::clone(&lease));
        Ok(lease)
    }

    fn value(&self, at: &KeptIn, field: &str) -> Result<Secret, Unavailable> {
        let value = self.values.get(field).ok_or_else(|| {
            Unavailable::new(
                format!("the credential `{at}`: there is no text in the field `{field}`"),
                "name a field that is there, in the grant",
            )
        })?;
        Ok(Secret::new(value.expose().to_vec()))
    }

    /// Since when the value is what it is, where the manager says so.
    pub(super) fn set(&self) -> Option<Timestamp> {
        self.set
    }

    /// Whether it does not depend on an earlier sign-in.
    pub(super) fn is_of(&self, times: u64) -> bool {
        self.term
            .as_ref()
            .is_none_or(|term| term.grip.times == times)
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.read.elapsed() < FRESH
    }

    pub(super) fn was_read(&mut self) {
        self.read = Instant::now();
    }

    /// Whether `other` are the same values, and neither is on lease.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same = |(name, value): (&String, &Secret)| {
            let other = other.values.get(name);
            other.is_some_and(|other| other.expose() == value.expose())
        };
        self.term.is_none()
            && other.term.is_none()
            && self.version == other.version
            && self.values.len() == other.values.len()
            && self.values.iter().all(same)
    }

    /// The lease's id, and whether half of its time has gone by.
    pub(super) fn on_lease(&self) -> Option<(String, bool)> {
        let term = self.term.as_ref()?;
        let due = term.since.elapsed() >= term.lasts / 2;
        Some((term.grip.id.clone(), due))
    }

    /// Whether the lease, as it was renewed, lasts: near its last end, renewing adds ever less.
    pub(super) fn renewed(&mut self, answer: &Answer) -> bool {
        let Some(term) = self.term.as_mut().filter(|term| term.renewable) else {
            return false;
        };
        let lasts = Duration::from_secs(answer.lease_duration);
        let does = lasts >= term.lasts / 2;
        (term.since, term.lasts, term.renewable) = (Instant::now(), lasts, answer.renewable);
        does
    }

    /// Whether a lease that was not renewed is still good for the length of a call.
    pub(super) fn is_good_for_a_while(&self) -> bool {
        let term = self.term.as_ref();
        term.is_some_and(|term| term.since.elapsed() + FRESH < term.lasts)
    }

    /// What is left of `idle` since it was used last; none when nothing is.
    pub(super) fn left(&self, idle: Duration) -> Option<Duration> {
        let left = idle.checked_sub(self.used.elapsed())?;
        (!left.is_zero()).then_some(left)
    }
}
