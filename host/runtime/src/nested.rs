//! A call that a skill makes of another: in an instance of its own, in a slot that the outer call holds
//! already, within what that call has left.

use crate::call::{Completed, Ends, conclude, lost, may_still_run};
use crate::engine::Engine;
use crate::run::Ran;
use crate::skill::Skill;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use vouchsafe_audit::{Seq, Why};
use vouchsafe_clearance::{Call, Cleared, EffectGate};
use vouchsafe_package::Limits;
use vouchsafe_package::value::Value;

/// Who finds, judges and makes the calls that a skill makes of others.
pub trait Callees: Send + Sync {
    /// How many calls may be under way at once below the one that holds this.
    fn depth(&self) -> u32;

    /// Makes one call. Dropping the future ends it.
    fn call(&self, asked: Asked) -> BoxFuture<'static, Heard>;
}

/// What a skill asks of another.
pub struct Asked {
    /// The interface through which it asks, without a version.
    pub interface: String,
    /// The function.
    pub function: String,
    /// The arguments, of the types that the asking skill imports.
    pub arguments: Vec<Value>,
    /// The gate of the call that asks.
    pub gate: EffectGate,
    /// What that call has left.
    pub left: Limits,
    /// When that call must have ended.
    pub deadline: Instant,
    /// What ends that call.
    pub cancel: CancellationToken,
}

/// What came of it.
#[derive(Debug)]
pub struct Heard {
    /// The answer, a tool's error among them; or why there is none.
    pub result: Result<Option<Value>, NotHeard>,
    /// What it took, to be charged to the call that asked.
    pub fuel: u64,
    /// The most that it held.
    pub peak_memory_bytes: u64,
}

/// There is no answer. The skill that asked hears the code and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHeard {
    /// Such as `NOT_ALLOWED` or `OUT_OF_FUEL`.
    pub code: String,
}

impl Heard {
    /// Nothing ran.
    #[must_use]
    pub fn nothing(code: impl Into<String>) -> Self {
        Self {
            result: Err(NotHeard { code: code.into() }),
            fuel: 0,
            peak_memory_bytes: 0,
        }
    }
}

/// What the store of a call knows of whom it calls.
pub(crate) struct Inside {
    pub(crate) callees: Arc<dyn Callees>,
    pub(crate) gate: EffectGate,
    pub(crate) limits: Limits,
    pub(crate) deadline: Instant,
    pub(crate) cancel: CancellationToken,
}

impl Inside {
    /// What the call has left, when so much fuel and memory is.
    pub(crate) fn left(&self, fuel: u64, memory_bytes: u64) -> Limits {
        let time = self.deadline.saturating_duration_since(Instant::now());
        Limits {
            memory_bytes,
            wall_ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            fuel,
            ..self.limits
        }
    }
}

impl Engine {
    /// Makes one call inside another, whose slots and `deadline` it shares. Its outcome is recorded; where
    /// the future is dropped, that the end was not seen. Gives the typed answer too.
    pub async fn call_within(
        &self,
        cleared: Cleared<Call>,
        skill: &Arc<Skill>,
        callees: Option<Arc<dyn Callees>>,
        ends: Ends,
        deadline: Instant,
    ) -> (Completed, Option<Value>) {
        let cancel = ends.cancel.child_token();
        let call = self.make_within(cleared, skill, callees, &ends, deadline, cancel.clone());
        ends.killing(call, cancel).await
    }

    async fn make_within(
        &self,
        mut cleared: Cleared<Call>,
        skill: &Arc<Skill>,
        callees: Option<Arc<dyn Callees>>,
        ends: &Ends,
        deadline: Instant,
        cancel: CancellationToken,
    ) -> (Completed, Option<Value>) {
        let output_bytes = cleared.permit().limits().output_bytes;
        let mut job = self.job(&mut cleared, skill, callees, ends, cancel.clone());
        job.deadline = job.deadline.min(deadline);
        if let Err(error) = may_still_run(&cleared, skill) {
            let completed = conclude(cleared, None, output_bytes, ends, Ran::not(error));
            return (completed, None);
        }
        let under_way = UnderWay::of(cleared, cancel, job.deadline);
        let tool = skill.tool(&job.tool);
        let ran = job.in_fresh_store().await.kept().await;
        let answer = ran.result.as_ref().ok().cloned().flatten();
        let conclude = |cleared| conclude(cleared, tool, output_bytes, ends, ran);
        (self.blanked(under_way.conclude(conclude)), answer)
    }
}

/// A cleared call while it runs: dropped, it says why its end was not seen.
struct UnderWay {
    intent: Seq,
    cleared: Option<Cleared<Call>>,
    cancel: CancellationToken,
    deadline: Instant,
}

impl UnderWay {
    fn of(cleared: Cleared<Call>, cancel: CancellationToken, deadline: Instant) -> Self {
        Self {
            intent: cleared.seq(),
            cleared: Some(cleared),
            cancel,
            deadline,
        }
    }

    fn conclude(mut self, conclude: impl FnOnce(Cleared<Call>) -> Completed) -> Completed {
        match self.cleared.take() {
            Some(cleared) => conclude(cleared),
            None => lost(self.intent),
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Some(cleared) = self.cleared.take() else {
            return;
        };
        if self.cancel.is_cancelled() {
            cleared.give_up(Why::Cancel);
        } else if Instant::now() >= self.deadline {
            cleared.give_up(Why::Deadline);
        }
        // Otherwise dropping it says that it was dropped.
    }
}
