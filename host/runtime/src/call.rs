//! A cleared call, from the queue to its recorded outcome.

use crate::door::Refused;
use crate::engine::Engine;
use crate::error::{CallError, LoadError};
use crate::lines::Lines;
use crate::nested::Callees;
use crate::run::{Job, Ran, Usage};
use crate::skill::Skill;
use serde_json::{Value as Json, json};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use vouchsafe_ambient::files::FileError;
use vouchsafe_audit::{LogError, Recorded, Resources, Seq, Status};
use vouchsafe_clearance::{Call, Cleared, Ending, Refusal};
use vouchsafe_package::Tool;
use vouchsafe_package::value::{Caps, Value, canonical};
use vouchsafe_policy::Granted;

/// How long after its end a call's own report is waited for. Then the caller is answered without it.
const GRACE: Duration = Duration::from_millis(500);

/// What a tool answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// As its output schema says; `null` for a tool that answers nothing.
    Output(Json),
    /// The error case of its `result`.
    ToolError(Json),
}

/// A call that has ended, with its outcome recorded.
#[derive(Debug)]
pub struct Completed {
    /// The answer, or what ended the call.
    pub result: Result<Answer, CallError>,
    /// What it took.
    pub usage: Usage,
    /// What the skill printed and logged.
    pub lines: Lines,
    /// What it tried and was refused.
    pub refusals: Vec<Refused>,
    /// The outcome's record; wait for it to be durable before the answer is handed out.
    pub recorded: Result<Recorded, LogError>,
}

/// What a call's time counts from, and who may end it before its skill does.
#[derive(Debug, Clone)]
pub struct Ends {
    /// When it was asked for. Its deadline counts from here, so that waiting for its code counts too.
    pub asked: Instant,
    /// Whoever asked for it no longer wants it.
    pub cancel: CancellationToken,
    /// The operator switched its skill off.
    pub kill: CancellationToken,
}

impl Ends {
    /// Why it was ended, if one of them did.
    fn error(&self) -> CallError {
        if self.kill.is_cancelled() {
            CallError::Killed
        } else {
            CallError::Cancelled
        }
    }

    /// Drives `call` to its end, which `cancel` brings about; and so does the operator.
    pub(crate) async fn killing<T>(
        &self,
        call: impl Future<Output = T>,
        cancel: CancellationToken,
    ) -> T {
        let mut call = pin!(call);
        tokio::select! {
            biased;
            ended = &mut call => return ended,
            () = self.kill.cancelled() => cancel.cancel(),
        }
        call.await
    }
}

/// A call that is asked for now, and that nobody switches off.
impl From<CancellationToken> for Ends {
    fn from(cancel: CancellationToken) -> Self {
        Self {
            asked: Instant::now(),
            cancel,
            kill: CancellationToken::new(),
        }
    }
}

impl Engine {
    /// A granted skill, compiled now or before, ready to be called. Where it is compiled now, `read`
    /// gives its bytes, which must be those that were verified.
    ///
    /// # Errors
    /// When the bytes are gone or others, when they can't be compiled within the limits, or when the
    /// engine sees other types than the package says.
    pub async fn load(
        &self,
        granted: &Granted,
        read: impl FnOnce() -> Result<Vec<u8>, FileError>,
    ) -> Result<Arc<Skill>, LoadError> {
        self.prepare(granted.verified(), read).await
    }

    /// Makes one call in a fresh instance, within the limits of its permit. `ends` end it, and so
    /// does dropping this future; its outcome is recorded either way.
    pub async fn call(
        &self,
        cleared: Cleared<Call>,
        skill: &Arc<Skill>,
        ends: impl Into<Ends>,
    ) -> Completed {
        self.call_with(cleared, skill, None, ends.into()).await
    }

    /// As [`Engine::call`], of a skill that may call others by `callees`.
    pub async fn call_with(
        &self,
        cleared: Cleared<Call>,
        skill: &Arc<Skill>,
        callees: Option<Arc<dyn Callees>>,
        ends: Ends,
    ) -> Completed {
        let cancel = ends.cancel.child_token();
        let _ends_with_us = cancel.clone().drop_guard();
        let call = self.make(cleared, skill, callees, &ends, cancel.clone());
        ends.killing(call, cancel).await
    }

    async fn make(
        &self,
        mut cleared: Cleared<Call>,
        skill: &Arc<Skill>,
        callees: Option<Arc<dyn Callees>>,
        ends: &Ends,
        cancel: CancellationToken,
    ) -> Completed {
        let output_bytes = cleared.permit().limits().output_bytes;
        let job = self.job(&mut cleared, skill, callees, ends, cancel);
        let admitted = self.admit(&job).await;
        let slot = match admitted.and_then(|slot| may_still_run(&cleared, skill).map(|()| slot)) {
            Ok(slot) => slot,
            Err(error) => return conclude(cleared, None, output_bytes, ends, Ran::not(error)),
        };
        let intent = cleared.seq();
        let late = overdue(&job);
        let brief = job.is_brief();
        let claim = Claim::new(cleared);
        let guests = claim.clone();
        let whose = ends.clone();
        let guest = Box::pin(async move {
            let skill = Arc::clone(&job.skill);
            let tool = skill.tool(&job.tool);
            let ran = job.run(slot).await;
            let cleared = guests.take()?;
            let ran = ran.kept().await;
            Some(conclude(cleared, tool, output_bytes, &whose, ran))
        });
        let mut ended = pin!(self.guests.run(brief, guest));
        let completed = tokio::select! {
            biased;
            completed = &mut ended => completed.flatten(),
            ran = late => match claim.take() {
                Some(cleared) => Some(conclude(cleared, None, output_bytes, ends, ran)),
                None => ended.await.flatten(), // it is just being recorded
            },
        };
        self.blanked(completed.unwrap_or_else(|| lost(intent)))
    }

    /// Without the credentials that the skill printed.
    pub(crate) fn blanked(&self, mut completed: Completed) -> Completed {
        if let Some(egress) = &self.egress {
            completed.lines.blank(egress.secrets());
        }
        completed
    }

    /// What `cleared` lets run, with the ways out that there are.
    pub(crate) fn job(
        &self,
        cleared: &mut Cleared<Call>,
        skill: &Arc<Skill>,
        callees: Option<Arc<dyn Callees>>,
        ends: &Ends,
        cancel: CancellationToken,
    ) -> Job {
        let arguments = cleared.take_arguments();
        let permit = cleared.permit();
        let started = ends.asked;
        Job {
            skill: Arc::clone(skill),
            tool: cleared.action().tool.clone(),
            arguments,
            effects: Some(cleared.effects()),
            egress: self.egress.clone(),
            ledger: self.ledger.clone(),
            shelf: self.shelf.clone(),
            states: self.states.clone(),
            disk: self.disk.clone(),
            callees,
            limits: *permit.limits(),
            started,
            deadline: started + Duration::from_millis(permit.limits().wall_ms),
            cancel,
        }
    }
}

/// The right to record the outcome. The guest's thread and the caller's both hold it, and only one
/// takes it, so that a guest thread that hangs keeps nobody from an answer and a record.
struct Claim<T>(Arc<Mutex<Option<T>>>);

impl<T> Claim<T> {
    fn new(of: T) -> Self {
        Self(Arc::new(Mutex::new(Some(of))))
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Clone for Claim<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Ends when `job` should have ended, by its deadline or its cancellation, and has not.
fn overdue(job: &Job) -> impl Future<Output = Ran> + use<> {
    let (cancel, deadline, started) = (job.cancel.clone(), job.deadline, job.started);
    let wall_ms = job.limits.wall_ms;
    async move {
        let error = tokio::select! {
            () = cancel.cancelled() => CallError::Cancelled,
            () = tokio::time::sleep_until(deadline.into()) => CallError::Deadline(wall_ms),
        };
        tokio::time::sleep(GRACE).await;
        let mut ran = Ran::not(error);
        ran.usage.wall = started.elapsed();
        ran
    }
}

/// The last look before any code of the skill runs.
pub(crate) fn may_still_run(cleared: &Cleared<Call>, skill: &Skill) -> Result<(), CallError> {
    if skill.digest() != cleared.action().digest {
        return Err(CallError::OtherSkill);
    }
    let valid = cleared.still_valid();
    valid.map_err(|Refusal { why, .. }| CallError::Superseded(why))
}

/// The task died, and its `Cleared` has concluded `intent` as `unknown`.
pub(crate) fn lost(intent: Seq) -> Completed {
    Completed {
        result: Err(CallError::Internal),
        usage: Usage::default(),
        lines: Lines::default(),
        refusals: Vec::new(),
        recorded: Err(LogError::NotOpen(intent)),
    }
}

/// Records the outcome.
pub(crate) fn conclude(
    cleared: Cleared<Call>,
    tool: Option<&Tool>,
    output_bytes: u64,
    ends: &Ends,
    ran: Ran,
) -> Completed {
    let Ran {
        result,
        usage,
        lines,
        refusals,
        session: _,
    } = ran;
    let result = result.map_err(|error| match error {
        CallError::Cancelled => ends.error(),
        error => error,
    });
    let result = result.and_then(|value| answer(tool, value, output_bytes));
    let recorded = finish(cleared, &result, usage);
    Completed {
        result,
        usage,
        lines,
        refusals,
        recorded,
    }
}

fn finish(
    cleared: Cleared<Call>,
    result: &Result<Answer, CallError>,
    usage: Usage,
) -> Result<Recorded, LogError> {
    let output = match result {
        Ok(Answer::Output(json) | Answer::ToolError(json)) => {
            Some(cleared.commit(&canonical(json))?)
        }
        Err(_) => None,
    };
    let ending = Ending {
        status: status(result),
        detail: result.as_ref().err().map(|error| error.code().to_owned()),
        output,
        resources: Resources {
            fuel: Some(usage.fuel),
            peak_memory: Some(usage.peak_memory_bytes),
            ..Resources::default()
        },
    };
    cleared.finish(ending)
}

fn status(result: &Result<Answer, CallError>) -> Status {
    match result {
        Ok(Answer::Output(_)) => Status::Ok,
        Ok(Answer::ToolError(_)) => Status::ToolError,
        Err(CallError::Trap(_) | CallError::Exited(_)) => Status::Trapped,
        Err(CallError::OutOfFuel(_) | CallError::OutOfMemory(_) | CallError::Output(_)) => {
            Status::Limit
        }
        Err(CallError::Deadline(_)) => Status::Deadline,
        Err(CallError::Cancelled) => Status::Cancelled,
        Err(CallError::Killed | CallError::Superseded(_)) => Status::Killed,
        Err(
            CallError::Busy
            | CallError::NoTool(_)
            | CallError::OtherSkill
            | CallError::Arguments(_)
            | CallError::NotKept(_)
            | CallError::Internal,
        ) => Status::Failed,
    }
}

/// A `result` at the top is the tool's success or its error; anything else is a success.
fn answer(
    tool: Option<&Tool>,
    value: Option<Value>,
    output_bytes: u64,
) -> Result<Answer, CallError> {
    let (value, failed) = match value {
        Some(Value::Result(Ok(value))) => (value.map(|value| *value), false),
        Some(Value::Result(Err(value))) => (value.map(|value| *value), true),
        value => (value, false),
    };
    let json = match value {
        Some(value) => output(&value, output_bytes)?,
        None => Json::Null,
    };
    if failed {
        return Ok(Answer::ToolError(json));
    }
    let wraps = tool.is_some_and(|tool| tool.wraps_result);
    Ok(Answer::Output(if wraps {
        json!({ "result": json })
    } else {
        json
    }))
}

fn output(value: &Value, bytes: u64) -> Result<Json, CallError> {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    value
        .to_json(&Caps::default().with_bytes(bytes))
        .map_err(|error| CallError::Output(error.to_string()))
}
