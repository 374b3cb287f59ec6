//! The proof that an action passed the gate, and the promise that its end is recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use vouchsafe_audit::{
    Commitment, Entry, LogError, Outcome, Recorded, Resources, Seq, Status, Unknown, Why,
};
use vouchsafe_policy::Permit;

use crate::effect::EffectGate;
use crate::epoch::Guard;
use crate::gate::Door;
use crate::{Action, Approval, Call, Refusal};

/// An action that policy allows, a person approved if one was wanted, and whose intent is recorded. Whatever has an
/// effect takes one by value; nothing but the gate makes one; it can't be copied.
///
/// Dropped without [`Cleared::finish`], it records `unknown`, once.
///
/// A doubled effect does not compile:
///
/// ```compile_fail,E0382
/// # use vouchsafe_clearance::{Call, Cleared};
/// fn effect(_: Cleared<Call>) {}
/// fn twice(cleared: Cleared<Call>) {
///     effect(cleared);
///     effect(cleared);
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use vouchsafe_clearance::{Call, Cleared};
/// fn copy(cleared: &Cleared<Call>) -> Cleared<Call> {
///     Cleared::<Call>::clone(cleared)
/// }
/// ```
///
/// Nor does one that passed no gate:
///
/// ```compile_fail,E0624
/// # use vouchsafe_clearance::{Call, Cleared};
/// let forge = Cleared::<Call>::new;
/// ```
pub struct Cleared<A: Action> {
    action: A,
    permit: Arc<Permit>,
    approval: Option<Approval>,
    intent: Recorded,
    guard: Guard,
    door: Arc<Door>,
    began: Instant,
    sent: AtomicU64,
    end: End,
}

/// How an action ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// In one word.
    pub status: Status,
    /// In the host's own words.
    pub detail: Option<String>,
    /// The commitment to what came out.
    pub output: Option<Commitment>,
    /// What it took; the time is measured by the gate where it is left out.
    pub resources: Resources,
}

/// Whether the end is recorded, and if not, what to say of it.
#[derive(Debug, Clone, Copy)]
enum End {
    Open,
    GivenUp(Why),
    Recorded,
}

impl<A: Action> Cleared<A> {
    /// The one constructor. Only the gate calls it, after policy, approval and intent.
    pub(crate) fn new(
        action: A,
        permit: Arc<Permit>,
        approval: Option<Approval>,
        intent: Recorded,
        guard: Guard,
        door: Arc<Door>,
    ) -> Self {
        Self {
            action,
            permit,
            approval,
            intent,
            guard,
            door,
            began: Instant::now(),
            sent: AtomicU64::new(0),
            end: End::Open,
        }
    }

    /// What may be done.
    pub fn action(&self) -> &A {
        &self.action
    }

    /// By whom, and under which rules.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// By whose word, where one was wanted.
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_ref()
    }

    /// The number of the intent.
    pub fn seq(&self) -> Seq {
        self.intent.seq()
    }

    /// Whether the rules under which it was allowed still are the rules. To be asked at the last instant.
    ///
    /// # Errors
    /// [`crate::Code::Stopped`]: it must not happen any more.
    pub fn still_valid(&self) -> Result<(), Refusal> {
        match self.guard.is_current() {
            true => Ok(()),
            false => Err(Refusal::stopped()),
        }
    }

    /// Waits until the intent is durable: what leaves the process must not leave before.
    ///
    /// # Errors
    /// The log failed, or the rules changed meanwhile: it must not happen.
    pub async fn durable(&self) -> Result<(), Refusal> {
        let durable = self.door.log.durable(&self.intent).await;
        durable.map_err(|error| Refusal::not_recorded(&error))?;
        self.still_valid()
    }

    /// Notes that so many bytes have left the process, for the record of an end that nobody sees.
    pub fn note_sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Commits to what came out, for [`Ending::output`].
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn commit(&self, canonical: &[u8]) -> Result<Commitment, LogError> {
        self.door.log.commit_payload(canonical)
    }

    /// Records how it ended. Release a reply when the returned record is durable.
    ///
    /// # Errors
    /// The log did not take it; then the end is recorded as `unknown`, now or when the log is opened next.
    pub fn finish(mut self, ending: Ending) -> Result<Recorded, LogError> {
        let mut resources = ending.resources;
        resources
            .duration
            .get_or_insert_with(|| self.began.elapsed());
        let recorded = self.door.log.append(Entry::Outcome(Outcome {
            of: self.intent.seq(),
            status: ending.status,
            detail: ending.detail,
            output: ending.output,
            resources,
        }))?;
        self.end = End::Recorded;
        Ok(recorded)
    }

    /// Gives it up for a known reason: how it ended is not known.
    pub fn give_up(mut self, why: Why) {
        self.end = End::GivenUp(why);
    }

    pub(crate) fn door(&self) -> &Arc<Door> {
        &self.door
    }

    pub(crate) fn shared_permit(&self) -> Arc<Permit> {
        Arc::clone(&self.permit)
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    fn unseen(&self, given: Option<Why>) -> Why {
        match given {
            Some(why) => why,
            None if std::thread::panicking() => Why::Panic,
            None if !self.guard.is_current() => Why::Kill,
            None => Why::Dropped,
        }
    }
}

impl Cleared<Call> {
    /// The arguments, to be run: what the intent commits to. Empty the second time.
    pub fn take_arguments(&mut self) -> Vec<vouchsafe_package::value::Value> {
        std::mem::take(&mut self.action.arguments)
    }

    /// The gate for what the skill does during this call.
    pub fn effects(&self) -> EffectGate {
        EffectGate::of(self)
    }
}

impl<A: Action> Drop for Cleared<A> {
    fn drop(&mut self) {
        let given = match self.end {
            End::Recorded => return,
            End::GivenUp(why) => Some(why),
            End::Open => None,
        };
        let sent = self.sent.load(Ordering::Relaxed);
        let unknown = Entry::Unknown(Unknown {
            of: self.intent.seq(),
            why: self.unseen(given),
            sent: (sent > 0).then_some(sent),
        });
        // A log that fails has stopped all effects; opening it again records this end as a crash.
        drop(self.door.log.append(unknown));
    }
}

impl<A: Action + std::fmt::Debug> std::fmt::Debug for Cleared<A> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cleared")
            .field("action", &self.action)
            .field("intent", &self.intent.seq())
            .finish_non_exhaustive()
    }
}
