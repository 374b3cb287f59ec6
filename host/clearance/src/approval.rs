//! The proof that people said yes to one call.

use std::time::Instant;

use vouchsafe_audit::{Log, Seq};
use vouchsafe_package::value::canonical;
use vouchsafe_policy::approval::{ApprovalRequest, Vote};
use vouchsafe_policy::{Asked, Decision, People, Permit};

use crate::action::Facts;
use crate::{Code, Refusal};

/// Everybody whose yes was wanted said yes to exactly this call. The queue makes one when the last of them does, and
/// there is never a second for one request; the gate consumes it.
///
/// It can't be copied:
///
/// ```compile_fail,E0599
/// # use vouchsafe_clearance::Approval;
/// fn copy(approval: &Approval) -> Approval {
///     Approval::clone(approval)
/// }
/// ```
///
/// Nor made:
///
/// ```compile_fail,E0624
/// # use vouchsafe_clearance::Approval;
/// let forge = Approval::new;
/// ```
#[derive(Debug)]
pub struct Approval {
    request: ApprovalRequest,
    asked: Seq,
    votes: Vec<Vote>,
    execute_by: Instant,
}

impl Approval {
    /// The one constructor. Only the queue calls it.
    pub(crate) fn new(
        request: ApprovalRequest,
        asked: Seq,
        votes: Vec<Vote>,
        execute_by: Instant,
    ) -> Self {
        Self {
            request,
            asked,
            votes,
            execute_by,
        }
    }

    /// What was approved.
    pub fn request(&self) -> &ApprovalRequest {
        &self.request
    }

    /// The record of the request.
    pub fn asked(&self) -> Seq {
        self.asked
    }

    /// The permit of the call that `facts` tell of, if it is the one that was approved and is decided as it was then.
    pub(crate) fn permits(
        &self,
        facts: &Facts,
        decision: Decision,
        people: &People,
        log: &Log,
    ) -> Result<Permit, Refusal> {
        let asked = match decision {
            Decision::NeedsPerson(asked) => asked,
            Decision::Deny { why, fix } => return Err(Refusal::new(Code::NotAllowed, why, fix)),
            Decision::Allow(_) => return Err(changed("policy asks nobody any more")),
        };
        self.is_still_what_is_asked(&asked)?;
        self.is_of(facts, log)?;
        if Instant::now() >= self.execute_by {
            return Err(changed("it came too late after the approval"));
        }
        asked
            .approved(&self.votes, people)
            .map_err(|_| changed("who approved it may not any more"))
    }

    fn is_still_what_is_asked(&self, asked: &Asked) -> Result<(), Refusal> {
        let (then, now) = (&self.request, asked.proposed());
        if then.wanted != *asked.wanted() {
            return Err(changed("policy asks for something else than was given"));
        }
        if (then.digest, then.grant, then.policy) != (now.skill(), now.grant(), now.policy()) {
            return Err(changed("the component, its grant or the rules changed"));
        }
        Ok(())
    }

    fn is_of(&self, facts: &Facts, log: &Log) -> Result<(), Refusal> {
        let shown = canonical(&self.request.input());
        let same_input = facts
            .input
            .as_ref()
            .is_some_and(|input| log.opens(input, &shown));
        let same_call = facts.digest == self.request.digest && facts.tool == self.request.tool;
        match same_input && same_call {
            true => Ok(()),
            false => Err(changed("the call is another than was approved")),
        }
    }
}

fn changed(why: &str) -> Refusal {
    Refusal::new(
        Code::NotApproved,
        format!("an approval was not used: {why}"),
        "ask again",
    )
}
