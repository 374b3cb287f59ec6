//! What can be cleared. An action describes itself once, for the intent record.

use vouchsafe_audit::{Commitment, Intent, Subject};
use vouchsafe_package::{Digest, SkillName};
use vouchsafe_policy::{Permit, Principal};

/// Something that needs clearing.
pub trait Action {
    /// Whether `permit` was made for this very action.
    fn is_permitted_by(&self, permit: &Permit) -> bool;

    /// What the intent record says of it. Grant and policy come from the permit.
    fn intent(&self) -> Intent;
}

/// A call of a tool.
#[derive(Debug)]
pub struct Call {
    /// Who calls.
    pub principal: Principal,
    /// What ties the records of one request together.
    pub correlation: String,
    /// The skill.
    pub skill: SkillName,
    /// The bytes that will run.
    pub digest: Digest,
    /// The tool, as WIT names it.
    pub tool: String,
    /// The arguments in their canonical form, committed to.
    pub input: Commitment,
}

impl Call {
    /// For whom and by whom.
    pub fn subject(&self) -> Subject {
        subject(&self.principal, &self.correlation)
    }
}

impl Action for Call {
    fn is_permitted_by(&self, permit: &Permit) -> bool {
        permit.is_for(&self.digest, &self.tool) && *permit.principal() == self.principal
    }

    fn intent(&self) -> Intent {
        Intent {
            subject: self.subject(),
            action: "call".to_owned(),
            skill: self.skill.to_string(),
            digest: self.digest.to_string(),
            tool: self.tool.clone(),
            input: Some(self.input.clone()),
            ..Intent::default()
        }
    }
}

pub(crate) fn subject(principal: &Principal, correlation: &str) -> Subject {
    Subject {
        tenant: principal.tenant.to_string(),
        principal: principal.id.to_string(),
        correlation: correlation.to_owned(),
    }
}
