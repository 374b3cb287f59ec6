//! The gate: policy, then approval, then the intent recorded.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use vouchsafe_audit::{Entry, Intent, Log};
use vouchsafe_policy::{Decision, Permit, Principal};

use crate::action::Action;
use crate::cleared::Cleared;
use crate::epoch::Epoch;
use crate::refusal::{Coalescer, Code, Refusal};

/// How often one principal may ask.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// On average.
    pub per_second: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

/// Far above what an agent needs, and below what would keep the host from anybody else.
const REQUESTS: NonZeroU32 = match NonZeroU32::new(20_000) {
    Some(requests) => requests,
    None => NonZeroU32::MIN,
};

impl Default for Rate {
    fn default() -> Self {
        Self {
            per_second: REQUESTS,
            burst: REQUESTS,
        }
    }
}

/// The one gate of a host.
pub struct Clearance {
    log: Arc<Log>,
    epoch: Epoch,
    rate: DefaultKeyedRateLimiter<Principal>,
    refusals: Coalescer,
}

impl Clearance {
    /// A gate that records in `log`.
    pub fn new(log: Arc<Log>, rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            epoch: Epoch::default(),
            rate: RateLimiter::keyed(quota),
            refusals: Coalescer::new(log.clone()),
            log,
        }
    }

    /// The epoch that every cleared action guards.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Takes one request of `principal` into account. This stands before everything that costs
    /// anything: parsing, deciding, recording.
    ///
    /// # Errors
    /// [`Code::RateLimited`]; counted, and recorded as one with its like.
    pub fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        if self.rate.check_key(principal).is_ok() {
            return Ok(());
        }
        let refusal = Refusal::new(Code::RateLimited, "too many requests of this principal");
        let nothing = Intent {
            subject: crate::action::subject(principal, ""),
            action: "call".to_owned(),
            ..Intent::default()
        };
        self.record_refusal(nothing, &refusal);
        Err(refusal)
    }

    /// Clears `action` by `decision`, in this order: policy, approval, intent recorded. A refusal is
    /// recorded too.
    ///
    /// # Errors
    /// The refusal, with what would allow it.
    pub fn clear<A: Action>(&self, action: A, decision: Decision) -> Result<Cleared<A>, Refusal> {
        // Taken first: a change of rules while this runs is seen at the door.
        let epoch = self.epoch.guard();
        let permit = policy(decision)
            .and_then(approval)
            .and_then(|permit| made_for(&action, permit))
            .inspect_err(|refusal| self.record_refusal(action.intent(), refusal))?;
        let intent = Intent {
            effect: permit.ceiling().to_string(),
            grant: Some(permit.grant().to_string()),
            policy: Some(permit.policy().to_string()),
            ..action.intent()
        };
        let intent = self.log.append(Entry::Intent(intent))?;
        Ok(Cleared::new(action, permit, intent, epoch, self.log.clone()))
    }

    /// Records that `action` was refused before it came to a decision, such as for an edited file.
    pub fn refuse(&self, action: &impl Action, refusal: &Refusal) {
        self.record_refusal(action.intent(), refusal);
    }

    /// Records refusals that were only counted so far.
    pub fn flush(&self) {
        self.refusals.flush();
        self.rate.retain_recent();
    }

    fn record_refusal(&self, intent: Intent, refusal: &Refusal) {
        let known = |text: String| (!text.is_empty()).then_some(text);
        let fix = refusal.fix.as_ref().map_or_else(String::new, |fix| format!("; {fix}"));
        self.refusals.add(vouchsafe_audit::Refusal {
            subject: intent.subject,
            action: intent.action,
            parent: intent.parent,
            skill: known(intent.skill),
            digest: known(intent.digest),
            tool: known(intent.tool),
            place: intent.place,
            grant: intent.grant,
            policy: intent.policy,
            code: refusal.code.to_string(),
            detail: format!("{}{fix}", refusal.why),
            count: 1,
        });
    }
}

/// A decision that policy does not forbid, and whether a person is wanted.
enum Allowed {
    Permit(Permit),
    IfApproved { why: String, line: String },
}

fn policy(decision: Decision) -> Result<Allowed, Refusal> {
    match decision {
        Decision::Allow(permit) => Ok(Allowed::Permit(permit)),
        Decision::NeedsPerson { why, line } => Ok(Allowed::IfApproved { why, line }),
        Decision::Deny { why, fix } => Err(Refusal::new(Code::Denied, why).with_fix(fix)),
    }
}

/// There is no queue of approvals yet, so what needs a person is not done.
fn approval(allowed: Allowed) -> Result<Permit, Refusal> {
    match allowed {
        Allowed::Permit(permit) => Ok(permit),
        Allowed::IfApproved { why, line } => {
            Err(Refusal::new(Code::NotApproved, format!("needs approval: {why} ({line})")))
        }
    }
}

fn made_for(action: &impl Action, permit: Permit) -> Result<Permit, Refusal> {
    if action.is_permitted_by(&permit) {
        return Ok(permit);
    }
    Err(Refusal::new(Code::Denied, "the permit was made for another action"))
}
