//! Open connections that wait for another request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vouchsafe_clearance::Epoch;
use vouchsafe_package::Digest;
use vouchsafe_policy::Permit;
use vouchsafe_policy::http::{Admission, Host};

use crate::credential::Credential;
use crate::wire::Wire;

/// Who may use a connection: a component under one grant, for one destination of it at one host. The
/// address was checked when it was dialled; the roots that vouch for it are the destination's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    named: Named,
    host: Host,
    port: u16,
    /// The credential that it carries, and which value of it: another value begins with a new connection.
    credential: Option<(String, String)>,
}

/// A destination as a grant names it: there are as many as grants name, however many hosts one stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Named {
    skill: Digest,
    grant: Digest,
    name: String,
}

impl Named {
    pub(crate) fn of(permit: &Permit, name: &str) -> Self {
        Self {
            skill: permit.skill(),
            grant: permit.grant(),
            name: name.to_owned(),
        }
    }
}

impl Key {
    pub(crate) fn named(&self) -> &Named {
        &self.named
    }

    pub(crate) fn of(
        permit: &Permit,
        admission: &Admission,
        credential: Option<&Credential>,
    ) -> Self {
        Self {
            named: Named::of(permit, admission.name()),
            host: admission.destination().host().clone(),
            port: admission.destination().port(),
            credential: credential.map(Credential::version),
        }
    }
}

/// Connections that wait, of one destination and in all.
const WAITING_FOR_ONE: usize = 8;
const WAITING: usize = 256;
/// How long one waits. Servers commonly close after 60 s or more.
const PATIENCE: Duration = Duration::from_secs(45);

/// The connections that wait.
pub(crate) struct Pool {
    epoch: Epoch,
    waiting: Mutex<HashMap<Key, Vec<Waiting>>>,
}

struct Waiting {
    wire: Wire,
    since: Instant,
}

/// A connection in use, and the epoch of the rules under which it was taken.
pub(crate) struct Lease {
    pub(crate) wire: Wire,
    key: Key,
    epoch: u64,
    pool: Arc<Pool>,
}

impl Pool {
    /// Ends when the rules of now are no longer in force.
    pub(crate) fn changes(&self) -> impl Future<Output = ()> + Send + use<> {
        let (epoch, known) = (self.epoch.clone(), self.epoch.current());
        async move {
            let _now = epoch.after(known).await;
        }
    }

    pub(crate) fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            waiting: Mutex::default(),
        }
    }

    /// A connection that waits, if there is one.
    pub(crate) fn take(self: &Arc<Self>, key: &Key) -> Option<Lease> {
        let mut waiting = self.waiting();
        let of_key = waiting.get_mut(key)?;
        let newest = of_key.pop()?;
        if of_key.is_empty() {
            waiting.remove(key);
        }
        drop(waiting);
        (newest.since.elapsed() < PATIENCE).then(|| self.lease(key.clone(), newest.wire))
    }

    /// A new connection, in use.
    pub(crate) fn lease(self: &Arc<Self>, key: Key, wire: Wire) -> Lease {
        Lease {
            wire,
            key,
            epoch: self.epoch.current(),
            pool: Arc::clone(self),
        }
    }

    /// Closes every connection that waits: the rules have changed.
    pub(crate) fn close(&self) {
        self.waiting().clear();
    }

    /// Closes those that waited for too long.
    pub(crate) fn tidy(&self) {
        self.waiting().retain(|_, of_key| {
            of_key.retain(|waiting| waiting.since.elapsed() < PATIENCE);
            !of_key.is_empty()
        });
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Key, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Keeps the connection for another request, unless the rules have changed since it was taken.
    pub(crate) fn give_back(self) {
        let Self {
            wire,
            key,
            epoch,
            pool,
        } = self;
        let mut waiting = pool.waiting();
        let all: usize = waiting.values().map(Vec::len).sum();
        // Looked at while the lock is held: `close` comes after the epoch has advanced.
        if pool.epoch.current() != epoch || all >= WAITING {
            return;
        }
        let of_key = waiting.entry(key).or_default();
        if of_key.len() < WAITING_FOR_ONE {
            of_key.push(Waiting {
                wire,
                since: Instant::now(),
            });
        }
    }
}
