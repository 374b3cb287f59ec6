//! The life of a call that people decide on: asked, waited for, decided, and made by the host itself.
//!
//! Approving is doing: when the last yes is counted the stored call is made at once, with every check made again. Who
//! asked gets the answer on the open request, by making the same call again, or from `approval_result`; once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use vouchsafe_clearance::{Admitted, Approval, Asking, Code, Found, Refusal, Standing, Voted};
use vouchsafe_keys::statement::Envelope;
use vouchsafe_package::value::canonical;
use vouchsafe_policy::approval::{ApprovalId, ApprovalRequest};
use vouchsafe_policy::{Asked as Needed, Principal};

use crate::approvals::{self, Asked};
use crate::call::{Answer, Attempt, Problem, still_in_force};
use crate::caller::Caller;
use crate::owner::Owner;
use crate::protocol::Failure;
use crate::registry::APPROVAL_RESULT;
use crate::rules::Rules;

impl Attempt<'_> {
    /// Has people asked for this call, or finds what became of the same one that was asked before; and waits for as
    /// long as `caller` does.
    pub(crate) async fn ask_people(
        &self,
        admitted: &Admitted,
        caller: &Caller,
        input: &Json,
        needed: &Needed,
        cancel: &CancellationToken,
    ) -> Result<Answer, Problem> {
        let (owner, entry) = (self.owner, self.entry);
        let refused = |refusal| {
            let clearance = owner.clearance();
            clearance.refuse(admitted, self.facts(), refusal)
        };
        let request = approvals::request(entry.skill(), entry.tool(), input, needed);
        let request = request.map_err(refused)?;
        let void = |request: &ApprovalRequest| approvals::void(self.rules, request);
        let queue = owner.approvals();
        let asked = queue.ask(request, &canonical(input), approvals::now(), void);
        let id = match asked.map_err(refused)? {
            Asking::Known(id) => id,
            Asking::New(id, recorded) => {
                let durable = owner.log().durable(&recorded).await;
                durable.map_err(|error| Refusal::not_recorded(&error))?;
                owner.notify(&id);
                id
            }
        };
        owner.wait_for(caller, &id, cancel).await
    }
}

impl Owner {
    /// What became of the call `id` that an agent of `caller` asked for, waiting for as long as `caller` does.
    pub(crate) async fn wait_for(
        &self,
        caller: &Caller,
        id: &ApprovalId,
        cancel: &CancellationToken,
    ) -> Result<Answer, Problem> {
        let until = Instant::now() + caller.patience();
        let waiting = match caller.patience().is_zero() {
            true => None,
            false => self.approvals().may_wait(&caller.principal().id),
        };
        loop {
            // Before it is looked at, so that no change in between is missed.
            let changes = self.approvals().changes(id);
            let decide_by = match self.approvals().fetch(id, caller.principal()) {
                Some(Found::Answer(answer)) => return Ok(answer),
                Some(Found::Ended(standing)) => return Err(ended(id, &standing)),
                Some(Found::Pending(decide_by)) => decide_by,
                None => return Err(unknown(id)),
            };
            let (Some(_), Some(mut changes)) = (&waiting, changes) else {
                return Err(pending(id, decide_by));
            };
            tokio::select! {
                // Whoever drops the sender has taken the answer.
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(until.into()) => return Err(pending(id, decide_by)),
                () = cancel.cancelled() => return Err(pending(id, decide_by)),
            }
        }
    }

    /// Counts a signed yes or no, and makes the call that it was the last one for. What is said of it is on stable
    /// storage; how the call ended is told in one word, never what it gave.
    pub(crate) async fn vote(&self, id: &ApprovalId, signed: &Envelope) -> Result<Json, Failure> {
        let rules = self.rules();
        if let Some(file) = rules.edited_of_people() {
            let message = format!("`{file}` was edited since it was applied");
            return Err(
                Failure::refused(message).with_fix("look at it, then run `vouchsafe apply`")
            );
        }
        let void = |request: &ApprovalRequest| approvals::void(&rules, request);
        if let Some((request, _)) = self.approvals().one(id, approvals::now(), void) {
            // What would be refused at the gate is not counted: it can be mended, and the yes given then.
            self.may_still(&rules, &request)?;
        }
        let counted = self
            .approvals()
            .vote(id, signed, &rules.people(), approvals::now(), void)
            .map_err(|error| Failure::refused(error.to_string()))?;
        let making = match counted.voted {
            Voted::Waiting => None,
            Voted::Denied => Some(Err("denied")),
            // Begun before anything is waited for: who approved may be gone by then.
            Voted::Approved(approval) => Some(Ok(tokio::spawn(made(self.shared()?, *approval)))),
        };
        let durable = self.log().durable(&counted.recorded).await;
        durable.map_err(|error| Failure::internal(format!("not recorded: {error}")))?;
        Ok(match making {
            None => json!({ "id": id, "state": "waiting" }),
            Some(Err(state)) => json!({ "id": id, "state": state }),
            Some(Ok(making)) => {
                let (state, how) = making.await.unwrap_or(("executed", "UNKNOWN".to_owned()));
                json!({ "id": id, "state": state, "how": how })
            }
        })
    }

    /// Whether the files that a waiting call rests on are as they were applied.
    fn may_still(&self, rules: &Rules, request: &ApprovalRequest) -> Result<(), Failure> {
        let Some(entry) = rules.registry.of(&request.digest, &request.tool) else {
            return Ok(()); // said when it is to be made
        };
        still_in_force(rules, &principal(request), entry.skill())
            .map_err(|refusal| Failure::refused(refusal.why).with_fix(refusal.fix))
    }

    /// What became of `id`, for an agent that asks by its name.
    pub(crate) async fn result_of(
        &self,
        caller: &Caller,
        id: &ApprovalId,
        cancel: &CancellationToken,
    ) -> Result<Answer, Problem> {
        self.clearance().admit(caller.principal())?;
        self.wait_for(caller, id, cancel).await
    }

    /// Makes an approved call. Every check is made again; the approval is gone whatever comes of it.
    ///
    /// # Errors
    /// Why it was not begun.
    async fn make(&self, approval: Approval) -> Result<Result<Answer, Problem>, Problem> {
        let request = approval.request().clone();
        let principal = principal(&request);
        let admitted = self.clearance().admit_again(&principal);
        // Read after admission, as for every call.
        let rules = self.rules();
        let entry = rules.registry.of(&request.digest, &request.tool);
        let entry = entry.filter(|entry| approvals::schema(entry.tool()) == request.schema);
        let Some(entry) = entry else {
            let why = "an approval was not used: its tool is not there any more";
            self.clearance()
                .refuse_unknown(&admitted, &request.tool, why);
            return Err(Refusal::new(Code::NotApproved, why, "ask again").into());
        };
        let attempt = Attempt {
            asked: Instant::now(),
            owner: self,
            rules: &rules,
            entry,
            correlation: request.id.to_string(),
        };
        let never = CancellationToken::new();
        attempt
            .make_approved(admitted, request.input(), approval, never)
            .await
    }
}

/// Who asked.
fn principal(request: &ApprovalRequest) -> Principal {
    Principal {
        tenant: request.tenant.as_str().into(),
        id: request.principal.as_str().into(),
        role: request.role.as_str().into(),
    }
}

/// Makes the call, keeps its answer for who asked, and tells what became of it, and in one word how it went.
async fn made(owner: Arc<Owner>, approval: Approval) -> (&'static str, String) {
    let unconcluded = Unconcluded {
        owner: Arc::clone(&owner),
        id: approval.request().id.clone(),
    };
    let (queue, id) = (owner.approvals(), &unconcluded.id);
    let answer = match owner.make(approval).await {
        Ok(answer) => answer.unwrap_or_else(Answer::from),
        Err(problem) => {
            let why = format!("it was not made: {}", problem.code);
            queue.give_up(id, Standing::Void(why), approvals::now());
            return ("void", problem.why.unwrap_or(problem.code));
        }
    };
    let how = match &answer.result {
        Ok(_) => "ok".to_owned(),
        Err(problem) => problem.code.clone(),
    };
    queue.conclude(id, answer, &how, approvals::now());
    ("executed", how)
}

/// An approved call until its end is told: also when it panics, or the host stops.
struct Unconcluded {
    owner: Arc<Owner>,
    id: ApprovalId,
}

impl Drop for Unconcluded {
    fn drop(&mut self) {
        let queue = self.owner.approvals();
        queue.give_up(&self.id, Standing::Made, approvals::now());
    }
}

/// How long an MCP request stays open while people decide; clients give up after a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

fn pending(id: &ApprovalId, decide_by: jiff::Timestamp) -> Problem {
    let until = decide_by.strftime("%Y-%m-%d %H:%M:%SZ");
    let why = format!(
        "it waits for people as {id}, until {until}; make the same call again, or ask `{}`, for its answer",
        APPROVAL_RESULT
    );
    Problem {
        message: why.clone(),
        fix: Some(format!("run `vouchsafe approve {id} --key FILE`")),
        why: Some(why),
        asked: Some(Box::new(Asked {
            id: id.clone(),
            state: "pending",
            decide_by: Some(decide_by.to_string()),
        })),
        ..Problem::from(Refusal::new(Code::NotApproved, "", ""))
    }
}

/// Who asked hears in one word why not; who said no is the operator's to know.
fn ended(id: &ApprovalId, standing: &Standing) -> Problem {
    Problem {
        message: format!("{id}: {}", standing.word()),
        why: Some(format!("{id} {standing}")),
        asked: Some(Box::new(Asked {
            id: id.clone(),
            state: standing.word(),
            decide_by: None,
        })),
        ..Problem::from(Refusal::new(Code::NotApproved, "", ""))
    }
}

fn unknown(id: &ApprovalId) -> Problem {
    let why = format!("no call of yours waits as {id}, and none has an answer to fetch");
    Problem {
        message: why.clone(),
        why: Some(why),
        ..Problem::from(Refusal::new(Code::NotApproved, "", ""))
    }
}
