//! The gate.

use std::sync::Arc;

use vouchsafe_audit::{
    Commitment, Entry, Intent, Log, LogError, Recorded, Refusal as Record, Seq, Subject,
};
use vouchsafe_package::assemble::is_tool_name;
use vouchsafe_policy::{Decision, People, Permit, Principal};

use crate::action::Facts;
use crate::epoch::Guard;
use crate::limit::{Limiter, RateLimit};
use crate::refusals::Refusals;
use crate::{Action, Approval, Cleared, Code, Epoch, Refusal};

/// The one gate of a host.
pub struct Clearance {
    door: Arc<Door>,
    limiter: Limiter,
}

/// What lives on with each [`Cleared`].
pub(crate) struct Door {
    pub(crate) refusals: Refusals,
    pub(crate) log: Arc<Log>,
    pub(crate) epoch: Epoch,
}

/// The right to ask: within the rate limit, and under the rules of this moment. Taken before the rules are read.
#[derive(Debug)]
pub struct Admitted {
    principal: Principal,
    guard: Guard,
}

impl Admitted {
    /// The same principal's right to have a skill that was called call another, under the same rules. How often is
    /// bounded by the outer call's fuel.
    pub(crate) fn within(principal: &Principal, guard: Guard) -> Self {
        Self {
            principal: principal.clone(),
            guard,
        }
    }

    /// Who asks.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

impl Clearance {
    /// The gate before `log`, with the limits of the house.
    pub fn new(log: Arc<Log>) -> Self {
        Self::with_limit(log, RateLimit::default())
    }

    /// As [`Clearance::new`], with other limits.
    pub fn with_limit(log: Arc<Log>, limit: RateLimit) -> Self {
        Self {
            door: Arc::new(Door {
                refusals: Refusals::new(Arc::clone(&log)),
                log,
                epoch: Epoch::default(),
            }),
            limiter: Limiter::new(limit),
        }
    }

    /// The epoch of the rules, to be advanced whenever they change.
    pub fn epoch(&self) -> &Epoch {
        &self.door.epoch
    }

    /// Lets `principal` ask. Everything that decides must be read after this, for a change of it to be noticed.
    ///
    /// # Errors
    /// [`Code::RateLimited`].
    pub fn admit(&self, principal: &Principal) -> Result<Admitted, Refusal> {
        let guard = self.door.epoch.guard();
        if self.limiter.admits(principal) {
            return Ok(Admitted {
                principal: principal.clone(),
                guard,
            });
        }
        let refusal = Refusal::new(
            Code::RateLimited,
            "it asks more often than one principal may",
            "",
        );
        self.door.refusals.note(Record {
            subject: subject(principal, ""),
            action: "admit".to_owned(),
            ..record(&refusal)
        });
        Err(refusal)
    }

    /// Clears `action`: policy has decided, nobody needs to approve, and its intent is recorded, in this order.
    ///
    /// # Errors
    /// The refusal, which is recorded.
    pub fn clear<A: Action>(
        &self,
        admitted: Admitted,
        action: A,
        decision: Decision,
    ) -> Result<Cleared<A>, Refusal> {
        let facts = action.facts();
        let permit = match allowed(&admitted, &facts, decision) {
            Ok(permit) => permit,
            Err(refusal) => {
                return Err(self.door.refuse(&admitted.principal, facts, None, refusal));
            }
        };
        Door::clear(
            &self.door,
            action,
            facts,
            Arc::new(permit),
            None,
            admitted.guard,
        )
    }

    /// Clears `action` by the word of people: policy still asks for exactly what they gave, everything that they were
    /// shown is as it was, it is not too late, and the intent names what it consumes.
    ///
    /// # Errors
    /// The refusal, which is recorded. The approval is gone all the same.
    pub fn clear_approved<A: Action>(
        &self,
        admitted: Admitted,
        action: A,
        decision: Decision,
        approval: Approval,
        people: &People,
    ) -> Result<Cleared<A>, Refusal> {
        let facts = action.facts();
        let permit = approval
            .permits(&facts, decision, people, &self.door.log)
            .and_then(|permit| theirs(&admitted, &facts, permit));
        match permit {
            Ok(permit) => Door::clear(
                &self.door,
                action,
                facts,
                Arc::new(permit),
                Some(approval),
                admitted.guard,
            ),
            Err(refusal) => Err(self.door.refuse(&admitted.principal, facts, None, refusal)),
        }
    }

    /// As [`Clearance::admit`] for a call that was admitted when it was asked, and that people approved since.
    pub fn admit_again(&self, principal: &Principal) -> Admitted {
        Admitted {
            principal: principal.clone(),
            guard: self.door.epoch.guard(),
        }
    }

    /// Records a refusal that was decided before the gate, such as of a tool that does not exist; equal ones are
    /// counted.
    pub fn refuse(&self, admitted: &Admitted, facts: Facts, refusal: Refusal) -> Refusal {
        self.door.refuse(&admitted.principal, facts, None, refusal)
    }

    /// Records that a tool was called that there is not, and `why`. Its name is told if it could be one's: any other
    /// words are the caller's alone.
    pub fn refuse_unknown(&self, admitted: &Admitted, tool: &str, why: &str) {
        let refusal = Refusal::new(Code::NotAllowed, why, "");
        self.door.refusals.note(Record {
            subject: subject(&admitted.principal, ""),
            action: "call".to_owned(),
            tool: is_tool_name(tool).then(|| tool.to_owned()),
            ..record(&refusal)
        });
    }

    /// Commits to a payload: what [`Facts::input`] and [`crate::Ending::output`] hold.
    ///
    /// # Errors
    /// [`Code::NotRecorded`].
    pub fn commit(&self, canonical: &[u8]) -> Result<Commitment, Refusal> {
        let committed = self.door.log.commit_payload(canonical);
        committed.map_err(|error| Refusal::not_recorded(&error))
    }

    /// Records the refusals that were counted so far. To be called now and then: nothing else does when all is quiet.
    pub fn flush_refusals(&self) {
        self.door.refusals.flush();
    }
}

/// What the decision permits, if it is for this action of who was admitted.
fn allowed(admitted: &Admitted, facts: &Facts, decision: Decision) -> Result<Permit, Refusal> {
    match decision {
        Decision::Allow(permit) => theirs(admitted, facts, permit),
        Decision::NeedsPerson(asked) => {
            let why = format!("{}; wanted: {}", asked.why(), asked.wanted().who());
            let fix = asked.obstacle().map_or(asked.line(), |(_, fix)| fix);
            Err(Refusal::new(Code::NotApproved, why, fix))
        }
        Decision::Deny { why, fix } => Err(Refusal::new(Code::NotAllowed, why, fix)),
    }
}

fn theirs(admitted: &Admitted, facts: &Facts, permit: Permit) -> Result<Permit, Refusal> {
    if !permit.is_for(&facts.digest, &facts.tool) || permit.principal() != &admitted.principal {
        let why = "the decision was about another call";
        return Err(Refusal::new(Code::NotAllowed, why, ""));
    }
    Ok(permit)
}

impl Door {
    /// The end of the gate, for calls and for what is done during them.
    pub(crate) fn clear<A: Action>(
        door: &Arc<Self>,
        action: A,
        facts: Facts,
        permit: Arc<Permit>,
        approval: Option<Approval>,
        guard: Guard,
    ) -> Result<Cleared<A>, Refusal> {
        if !guard.is_current() {
            return Err(door.refuse(permit.principal(), facts, Some(&permit), Refusal::stopped()));
        }
        let guard = guard.held_by(facts.digest);
        let consumed = approval.as_ref().map(Approval::asked);
        match door.record_intent(&facts, &permit, consumed) {
            Ok(intent) => Ok(Cleared::new(
                action,
                permit,
                approval,
                intent,
                guard,
                Arc::clone(door),
            )),
            Err(error) => {
                let refusal = Refusal::not_recorded(&error);
                Err(door.refuse(permit.principal(), facts, Some(&permit), refusal))
            }
        }
    }

    fn record_intent(
        &self,
        facts: &Facts,
        permit: &Permit,
        approval: Option<Seq>,
    ) -> Result<Recorded, LogError> {
        self.log.append(Entry::Intent(Intent {
            subject: subject(permit.principal(), &facts.correlation),
            action: facts.kind.to_owned(),
            parent: facts.parent,
            skill: facts.skill.to_string(),
            digest: facts.digest.to_string(),
            tool: facts.tool.clone(),
            effect: permit.tool().effect.to_string(),
            place: facts.place.clone(),
            grant: Some(permit.grant().to_string()),
            policy: Some(permit.policy().to_string()),
            rule: facts.rule.clone(),
            input: facts.input.clone(),
            approval,
        }))
    }

    /// Records `refusal`, and hands it back for who asked.
    pub(crate) fn refuse(
        &self,
        principal: &Principal,
        facts: Facts,
        permit: Option<&Permit>,
        refusal: Refusal,
    ) -> Refusal {
        self.refusals.note(Record {
            subject: subject(principal, &facts.correlation),
            action: facts.kind.to_owned(),
            parent: facts.parent,
            skill: Some(facts.skill.to_string()),
            digest: Some(facts.digest.to_string()),
            tool: Some(facts.tool),
            place: facts.place,
            grant: permit.map(|permit| permit.grant().to_string()),
            policy: permit.map(|permit| permit.policy().to_string()),
            ..record(&refusal)
        });
        refusal
    }
}

fn record(refusal: &Refusal) -> Record {
    Record {
        code: refusal.code.name().to_owned(),
        detail: refusal.detail(),
        count: 1,
        ..Record::default()
    }
}

fn subject(principal: &Principal, correlation: &str) -> Subject {
    Subject {
        tenant: principal.tenant.to_string(),
        principal: principal.id.to_string(),
        correlation: correlation.to_owned(),
    }
}
