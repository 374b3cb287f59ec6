//! The life of a call, from a name and arguments to an answer whose record is durable.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vouchsafe_ambient::clock;
use vouchsafe_audit::{LogError, Recorded};
use vouchsafe_clearance::{Admitted, Approval, Call, Cleared, Code, Facts, Refusal};
use vouchsafe_package::signing;
use vouchsafe_package::value::{Caps, Value, arguments_from_json, arguments_to_json, canonical};
use vouchsafe_package::{Digest, Param};
use vouchsafe_policy::{Decision, Principal, Request, Role, decide, may_ask};
use vouchsafe_runtime::{Answer as ToolAnswer, CallError, Completed, Ends, Skill};

use crate::approvals::Asked;
use crate::caller::Caller;
use crate::nested::Others;
use crate::owner::Owner;
use crate::payloads::About;
use crate::registry::Entry;
use crate::rules::Rules;
use crate::skill::InstalledSkill;

/// The answer to a call.
#[derive(Debug)]
pub struct Answer {
    /// The structured output, an object; or what went wrong.
    pub result: Result<Json, Problem>,
    /// What the call took, if code ran.
    pub usage: Option<Usage>,
    /// The outcome's record, on stable storage.
    pub record: Option<RecordRef>,
    /// What the skill printed and logged, escaped: for the operator, never for an agent.
    pub lines: Vec<String>,
}

/// What the host tells about the cost of a call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usage {
    /// Instructions, roughly.
    pub fuel: u64,
    /// The largest memory of all its instances, in bytes.
    pub peak_memory_bytes: u64,
    /// From admission to the end, in milliseconds.
    pub wall_ms: f64,
}

/// Where the outcome stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordRef {
    /// Its number.
    pub seq: u64,
    /// The SHA-256 of its bytes, in hex.
    pub hash: String,
}

/// Why a call has no output.
#[derive(Debug)]
pub struct Problem {
    /// For programs, such as `DENIED` or `OUT_OF_FUEL`.
    pub code: String,
    /// In words that any caller may read.
    pub message: String,
    /// The tool's own error, by its output type.
    pub detail: Option<Json>,
    /// What would allow it: for the operator alone, never for an agent.
    pub fix: Option<String>,
    /// Why, in full: for the operator alone.
    pub why: Option<String>,
    /// Whether any code of the skill ran.
    pub ran: bool,
    /// Where it stands, if people are or were asked.
    pub asked: Option<Box<Asked>>,
}

/// There is no tool of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no tool `{0}`")]
pub struct UnknownTool(String);

impl Owner {
    /// Calls `tool` for `caller`. `cancel` ends the call, and so does dropping the future; its
    /// outcome is recorded all the same.
    ///
    /// # Errors
    /// When there is no such tool. Everything else, refusals included, is in the answer.
    pub async fn call(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Json,
        cancel: CancellationToken,
    ) -> Result<Answer, UnknownTool> {
        let asked = Instant::now();
        let admitted = match self.clearance().admit(caller.principal()) {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(refusal.into()),
        };
        // Read after admission, so that a change of the rules in between is noticed at the gate.
        let rules = self.rules();
        let Some(entry) = rules.registry.get(tool) else {
            let off = rules.has_off(tool);
            let why = off.map_or("there is no such tool", |off| off.state);
            self.clearance().refuse_unknown(&admitted, tool, why);
            return Err(UnknownTool(tool.to_owned()));
        };
        let attempt = Attempt {
            asked,
            owner: self,
            rules: &rules,
            entry,
            correlation: Uuid::now_v7().to_string(),
        };
        let run = attempt.run(admitted, caller, arguments, cancel);
        Ok(run.await.unwrap_or_else(Answer::from))
    }
}

/// One call on its way.
pub(crate) struct Attempt<'a> {
    /// Since when.
    pub(crate) asked: Instant,
    pub(crate) owner: &'a Owner,
    pub(crate) rules: &'a Arc<Rules>,
    pub(crate) entry: &'a Entry,
    /// What its records have in common.
    pub(crate) correlation: String,
}

/// A call whose arguments are read and on which policy has decided.
struct Decided {
    ends: Ends,
    values: Vec<Value>,
    input: Json,
    decision: Decision,
}

impl Attempt<'_> {
    async fn run(
        &self,
        admitted: Admitted,
        caller: &Caller,
        arguments: Json,
        cancel: CancellationToken,
    ) -> Result<Answer, Problem> {
        let decided = self.decided(&admitted, &arguments, cancel.clone())?;
        if let Decision::NeedsPerson(needed) = &decided.decision
            && needed.obstacle().is_none()
        {
            return self
                .ask_people(&admitted, caller, &decided.input, needed, &cancel)
                .await;
        }
        // Whoever can't be asked, since nobody could say yes, is refused at the gate; so is who is denied.
        let code = match &decided.decision {
            Decision::Allow(_) => Some(self.code_to_run(&admitted, &decided.ends).await?),
            Decision::NeedsPerson(_) | Decision::Deny { .. } => None,
        };
        let action = self.action(decided.values, &decided.input)?;
        let clearance = self.owner.clearance();
        let cleared = clearance.clear(admitted, action, decided.decision)?;
        let code = code.ok_or_else(|| Problem::host("NOT_LOADED", "it was not compiled"))?;
        self.make(cleared, &decided.input, &code, decided.ends)
            .await
    }

    /// Makes a call that people approved, if everything still is as they were shown.
    ///
    /// # Errors
    /// Why it was not begun; what went wrong after that is within.
    pub(crate) async fn make_approved(
        &self,
        admitted: Admitted,
        input: Json,
        approval: Approval,
        cancel: CancellationToken,
    ) -> Result<Result<Answer, Problem>, Problem> {
        let decided = self.decided(&admitted, &input, cancel)?;
        let code = self.code_to_run(&admitted, &decided.ends).await?;
        let action = self.action(decided.values, &decided.input)?;
        let (decision, people) = (decided.decision, self.rules.people());
        let clearance = self.owner.clearance();
        let cleared = clearance.clear_approved(admitted, action, decision, approval, &people)?;
        let made = self.make(cleared, &decided.input, &code, decided.ends);
        Ok(made.await)
    }

    /// Everything that comes before the gate: rules, arguments, and what policy says of them. What is refused here is
    /// recorded.
    fn decided(
        &self,
        admitted: &Admitted,
        arguments: &Json,
        cancel: CancellationToken,
    ) -> Result<Decided, Problem> {
        let skill = self.entry.skill();
        let clearance = self.owner.clearance();
        // Taken before the gate: whoever passes it is reached by it.
        let ends = Ends {
            asked: self.asked,
            cancel,
            kill: self.owner.running().token(skill),
        };
        let refuse = |refusal| clearance.refuse(admitted, self.facts(), refusal);
        still_in_force(self.rules, admitted.principal(), skill).map_err(refuse)?;
        // Before the arguments: what they lack is nothing for who may not call.
        self.may_ask(admitted.principal()).map_err(refuse)?;
        let (values, input) = self.arguments(arguments).inspect_err(|_| {
            // Not in which way: those are the caller's words.
            let why = "they are not of the tool's types, or beyond its limits";
            refuse(Refusal::new(Code::Arguments, why, ""));
        })?;
        let decision = self.decide(admitted.principal(), &input)?;
        Ok(Decided {
            ends,
            values,
            input,
            decision,
        })
    }

    /// The code, compiled before the intent, so that an intent is only ever about running; and only for who may call,
    /// because compiling is much work.
    async fn code_to_run(&self, admitted: &Admitted, ends: &Ends) -> Result<Arc<Skill>, Problem> {
        self.code(ends).await.inspect_err(|problem| {
            let why = problem.why.as_ref().unwrap_or(&problem.message);
            let refusal = Refusal::new(Code::NotLoaded, why, "");
            let clearance = self.owner.clearance();
            clearance.refuse(admitted, self.facts(), refusal);
        })
    }

    async fn make(
        &self,
        cleared: Cleared<Call>,
        input: &Json,
        code: &Arc<Skill>,
        ends: Ends,
    ) -> Result<Answer, Problem> {
        let about = About::of(self.owner, self.entry.tool(), input);
        about.keep_input(cleared.seq(), input);
        let shared = self.owner.shared().ok();
        let others = shared.and_then(|owner| Others::of(owner, self.rules, self.entry.skill()));
        let engine = self.owner.engine();
        let completed = engine.call_with(cleared, code, others, ends).await;
        about.keep_output(&completed);
        self.answer(completed).await
    }

    /// Whether role and grant let `principal` call the tool at all.
    fn may_ask(&self, principal: &Principal) -> Result<(), Refusal> {
        let Some(role) = self.rules.role(principal) else {
            return Ok(()); // said by `decide`
        };
        let request = Request {
            principal,
            role: &role,
            tool: &self.entry.tool().name,
            input: &Json::Null,
        };
        may_ask(self.entry.skill().granted(), &request)
            .map_err(|(why, fix)| Refusal::new(Code::NotAllowed, why, fix))
    }

    /// The compiled code, unless the call is ended or its time is up while that compiles.
    async fn code(&self, ends: &Ends) -> Result<Arc<Skill>, Problem> {
        let skill = self.entry.skill();
        let wall_ms = skill.granted().effective().limits.wall_ms;
        let deadline = ends.asked + Duration::from_millis(wall_ms);
        let shared = self.owner.shared();
        let shared = shared.map_err(|failure| Problem::host("NOT_LOADED", failure))?;
        tokio::select! {
            biased;
            code = skill.code(shared) => code.map_err(|error| Problem::host("NOT_LOADED", error)),
            () = ends.kill.cancelled() => Err(Problem::not_begun(CallError::Killed)),
            () = ends.cancel.cancelled() => Err(Problem::not_begun(CallError::Cancelled)),
            () = tokio::time::sleep_until(deadline.into()) => Err(Problem {
                why: Some("its deadline passed while it was compiled, which goes on".to_owned()),
                ..Problem::not_begun(CallError::Deadline(wall_ms))
            }),
        }
    }

    /// The arguments as typed values, and in the one form that commitments bind.
    fn arguments(&self, arguments: &Json) -> Result<(Vec<Value>, Json), Problem> {
        let params = &self.entry.tool().params;
        let limits = &self.entry.skill().granted().effective().limits;
        let bytes = usize::try_from(limits.input_bytes).unwrap_or(usize::MAX);
        let caps = Caps::default().with_bytes(bytes);
        let bad = |error: &dyn fmt::Display| Problem::arguments(error.to_string(), params);
        let values = arguments_from_json(params, arguments, &caps).map_err(|e| bad(&e))?;
        let input = arguments_to_json(params, &values, &caps).map_err(|e| bad(&e))?;
        Ok((values, input))
    }

    fn action(&self, arguments: Vec<Value>, input: &Json) -> Result<Call, Problem> {
        let package = self.entry.skill().package();
        Ok(Call {
            skill: package.name.clone(),
            digest: package.digest,
            tool: self.entry.tool().name.clone(),
            arguments,
            input: self.owner.clearance().commit(&canonical(input))?,
            correlation: self.correlation.clone(),
            within: None,
        })
    }

    /// What a refusal before the gate is about.
    pub(crate) fn facts(&self) -> Facts {
        let package = self.entry.skill().package();
        Facts {
            kind: "call",
            skill: package.name.clone(),
            digest: package.digest,
            tool: self.entry.tool().name.clone(),
            correlation: self.correlation.clone(),
            parent: None,
            place: None,
            rule: None,
            input: None,
        }
    }

    fn decide(&self, principal: &Principal, input: &Json) -> Result<Decision, Problem> {
        let role = self.rules.role(principal);
        let role = role.ok_or_else(|| Problem::host("NO_ROLE", "no role is in force"))?;
        let request = Request {
            principal,
            role: &role,
            tool: &self.entry.tool().name,
            input,
        };
        Ok(decide(self.entry.skill().granted(), &request))
    }

    /// Hands the answer out once its record is on stable storage.
    async fn answer(&self, completed: Completed) -> Result<Answer, Problem> {
        let Completed {
            result,
            usage,
            lines,
            refusals,
            recorded,
        } = completed;
        self.tell_operator(&lines, &refusals);
        let usage = Usage {
            fuel: usage.fuel,
            peak_memory_bytes: usage.peak_memory_bytes,
            wall_ms: usage.wall.as_secs_f64() * 1000.0,
        };
        let not_recorded = |error: LogError| Problem::host("NOT_RECORDED", error);
        let recorded = recorded.map_err(not_recorded)?;
        let durable = self.owner.log().durable(&recorded).await;
        durable.map_err(not_recorded)?;
        Ok(Answer {
            result: result.map_err(Problem::from).and_then(outcome),
            usage: Some(usage),
            record: Some(RecordRef::from(&recorded)),
            lines: lines.iter().map(ToString::to_string).collect(),
        })
    }

    fn tell_operator(
        &self,
        lines: &vouchsafe_runtime::Lines,
        refusals: &[vouchsafe_runtime::Refused],
    ) {
        // The audit log holds the refusals, and the answer the lines: this is for who looks closer.
        let skill = &self.entry.skill().package().name;
        for refused in refusals {
            tracing::debug!(%skill, what = cut(&refused.what), why = cut(&refused.why), "refused to a skill");
        }
        for line in lines.iter() {
            tracing::debug!(%skill, line = cut(&line.to_string()));
        }
    }
}

/// The beginning of what a skill had a say in.
pub(crate) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(512)).unwrap_or(text)
}

/// Whether what let `skill` in holds at this very moment: the files are as they were applied, and
/// neither signer nor bytes were revoked.
pub(crate) fn still_in_force(
    rules: &Rules,
    principal: &Principal,
    skill: &InstalledSkill,
) -> Result<(), Refusal> {
    let denied = |why: String, fix: &str| Refusal::new(Code::NotAllowed, why, fix);
    let role = rules.role(principal);
    let role = match &role {
        Some(role) if *role.file != *Role::BUILT_IN => &*role.file,
        // What is built in holds while there is no such file.
        _ => "roles/local.toml",
    };
    let effective = skill.granted().effective();
    let sends = !effective.http.is_empty()
        || !effective.models.is_empty()
        || !effective.upstreams.is_empty()
        || !effective.databases.is_empty();
    let agent = rules.agent_file(principal);
    let always = [
        skill.grant_file(),
        role,
        "trust.toml",
        "revocations.json",
        "vouchsafe.toml",
    ];
    let in_force = rules.in_force.as_ref();
    let content = in_force.map(|in_force| in_force.content());
    let policies = content.iter().flat_map(|content| content.policy_files());
    let files = always.into_iter().chain(sends.then_some("egress.toml"));
    let files = files.chain(policies);
    let files = files.chain(agent.as_deref());
    if let Some(file) = rules.watch.edited_of(files) {
        let why = format!("`{file}` was edited since it was applied");
        return Err(denied(why, "look at it, then run `vouchsafe apply`"));
    }
    let nothing = || denied("nothing is in force".into(), "run `vouchsafe apply`");
    let content = content.ok_or_else(nothing)?;
    let verified = skill.granted().verified();
    let (trust, revocations) = (content.trust(), content.revocations());
    signing::still_trusted(verified, trust, revocations, clock::now())
        .map_err(|error| denied(error.to_string(), ""))
}

fn outcome(answer: ToolAnswer) -> Result<Json, Problem> {
    match answer {
        ToolAnswer::Output(Json::Null) => Ok(Json::Object(serde_json::Map::new())),
        ToolAnswer::Output(output) => Ok(output),
        ToolAnswer::ToolError(detail) => Err(Problem {
            code: "TOOL_ERROR".to_owned(),
            message: "the tool answered with an error".to_owned(),
            detail: Some(detail),
            fix: None,
            why: None,
            ran: true,
            asked: None,
        }),
    }
}

impl Problem {
    fn arguments(message: String, params: &[Param]) -> Self {
        let words = params
            .iter()
            .map(|param| format!("{}: {}", param.name, param.ty));
        Self::bad_arguments(message, &words.collect::<Vec<_>>().join(", "))
    }

    /// That the arguments are not such as `words` tell.
    pub(crate) fn bad_arguments(message: String, words: &str) -> Self {
        Self {
            code: "ARGUMENTS".to_owned(),
            message,
            detail: None,
            fix: Some(match words {
                "" => "it takes no arguments".to_owned(),
                words => format!("it takes {}", cut(words)),
            }),
            why: None,
            ran: false,
            asked: None,
        }
    }

    /// A call that ended before any code ran.
    fn not_begun(error: CallError) -> Self {
        Self {
            ran: false,
            ..error.into()
        }
    }

    /// A fault of the host: the operator gets the reason, the caller the code.
    fn host(code: &str, error: impl fmt::Display) -> Self {
        Self {
            code: code.to_owned(),
            message: "the host could not run it".to_owned(),
            detail: None,
            fix: None,
            why: Some(error.to_string()),
            ran: false,
            asked: None,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code.to_string(),
            message: refusal.code.says().to_owned(),
            detail: None,
            fix: (!refusal.fix.is_empty()).then_some(refusal.fix),
            why: Some(refusal.why),
            ran: false,
            asked: None,
        }
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            detail: None,
            fix: None,
            why: None,
            ran: !error.nothing_ran(),
            asked: None,
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        Self {
            result: Err(problem),
            usage: None,
            record: None,
            lines: Vec::new(),
        }
    }
}

impl From<&Recorded> for RecordRef {
    fn from(recorded: &Recorded) -> Self {
        Self {
            seq: recorded.seq(),
            hash: Digest::from_bytes(recorded.hash()).hex(),
        }
    }
}
