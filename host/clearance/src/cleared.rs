//! The proof that an effect may happen now: permitted, approved where wanted, and recorded.

use std::sync::Arc;
use std::time::Instant;

use vouchsafe_audit::{
    Commitment, Entry, Log, LogError, Outcome, Recorded, Resources, Seq, Status, Unknown, Why,
};
use vouchsafe_policy::Permit;

use crate::action::Action;
use crate::epoch::EpochGuard;
use crate::refusal::{Code, Refusal};

/// A cleared action. Not `Clone`: it is good for one effect. Dropped without [`Cleared::finish`],
/// it records `unknown`.
pub struct Cleared<A> {
    action: A,
    permit: Permit,
    epoch: EpochGuard,
    open: Open,
}

/// How an effect ended.
#[derive(Debug)]
pub struct Conclusion {
    /// In one word.
    pub status: Status,
    /// In the host's own words.
    pub detail: Option<String>,
    /// What came out, committed to.
    pub output: Option<Commitment>,
    /// Instructions used.
    pub fuel: Option<u64>,
    /// The largest memory, in bytes.
    pub peak_memory: Option<u64>,
}

impl<A: Action> Cleared<A> {
    /// The only constructor; [`crate::Clearance::clear`] alone calls it.
    pub(crate) fn new(
        action: A,
        permit: Permit,
        intent: Recorded,
        epoch: EpochGuard,
        log: Arc<Log>,
    ) -> Self {
        let open = Open {
            log,
            intent,
            since: Instant::now(),
            why: Why::Dropped,
            ended: false,
        };
        Self {
            action,
            permit,
            epoch,
            open,
        }
    }

    /// What was cleared.
    pub fn action(&self) -> &A {
        &self.action
    }

    /// What allows it.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// The intent's number.
    pub fn intent(&self) -> Seq {
        self.open.intent.seq()
    }

    /// Looks once more, at the last instant before the effect, whether the rules under which this
    /// was cleared still hold.
    ///
    /// # Errors
    /// [`Code::Superseded`] after a kill or a change of what is in force.
    pub fn still_valid(&self) -> Result<(), Refusal> {
        if self.epoch.is_current() {
            return Ok(());
        }
        let why = "what is in force changed after the call was cleared";
        Err(Refusal::new(Code::Superseded, why).with_fix("call again"))
    }

    /// Waits until the intent is on stable storage: for effects that leave the process.
    ///
    /// # Errors
    /// When the log can't be written; the effect must not happen then.
    pub async fn durable(&self) -> Result<(), LogError> {
        self.open.log.durable(&self.open.intent).await
    }

    /// Why the end will not have been seen, should this be dropped from here on.
    pub fn expect_end(&mut self, why: Why) {
        self.open.why = why;
    }

    /// Commits to `payload`, such as the output, with a fresh salt.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn commit(&self, payload: &[u8]) -> Result<Commitment, LogError> {
        self.open.log.commit_payload(payload)
    }

    /// Records something that was tried inside this effect and refused.
    ///
    /// # Errors
    /// When the log can't be written.
    pub fn record_refusal(&self, code: &str, place: String, detail: String) -> Result<(), LogError> {
        let intent = self.action.intent();
        let refusal = vouchsafe_audit::Refusal {
            subject: intent.subject,
            action: "effect".to_owned(),
            parent: Some(self.intent()),
            skill: Some(intent.skill),
            digest: Some(intent.digest),
            tool: Some(intent.tool),
            place: Some(place),
            grant: Some(self.permit.grant().to_string()),
            policy: Some(self.permit.policy().to_string()),
            code: code.to_owned(),
            detail,
            count: 1,
        };
        self.open.log.append(Entry::Refusal(refusal)).map(drop)
    }

    /// Records how the effect ended. The reply is released when this record is durable.
    ///
    /// # Errors
    /// When the log can't be written; recovery then concludes the intent as `unknown`.
    pub fn finish(self, conclusion: Conclusion) -> Result<Recorded, LogError> {
        self.open.finish(conclusion)
    }
}

/// An intent without an end yet.
struct Open {
    log: Arc<Log>,
    intent: Recorded,
    since: Instant,
    why: Why,
    ended: bool,
}

impl Open {
    fn finish(mut self, conclusion: Conclusion) -> Result<Recorded, LogError> {
        self.ended = true;
        self.log.append(Entry::Outcome(Outcome {
            of: self.intent.seq(),
            status: conclusion.status,
            detail: conclusion.detail,
            output: conclusion.output,
            resources: Resources {
                fuel: conclusion.fuel,
                peak_memory: conclusion.peak_memory,
                duration: Some(self.since.elapsed()),
            },
        }))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let why = if std::thread::panicking() {
            Why::Panic
        } else {
            self.why
        };
        let unknown = Unknown {
            of: self.intent.seq(),
            why,
            sent: None,
        };
        // A log that can't be written has stopped all effects already, and the next start concludes
        // what is open.
        drop(self.log.append(Entry::Unknown(unknown)));
    }
}
