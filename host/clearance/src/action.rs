//! What can be cleared: an action says what it is, and the gate writes that into its intent.

use vouchsafe_audit::{Commitment, Seq};
use vouchsafe_package::value::Value;
use vouchsafe_package::{Digest, SkillName};

/// Something with an effect.
pub trait Action {
    /// What it is, for the record. Whose it is and which rules allow it, the gate knows from the permit.
    fn facts(&self) -> Facts;
}

/// What an action says of itself.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The kind, such as `call` or `http`.
    pub kind: &'static str,
    /// The skill.
    pub skill: SkillName,
    /// Its bytes.
    pub digest: Digest,
    /// The tool, as the WIT names it.
    pub tool: String,
    /// What ties the records of one request together.
    pub correlation: String,
    /// The intent inside which it happens.
    pub parent: Option<Seq>,
    /// Where it goes: scheme, host and port, never a full URL.
    pub place: Option<String>,
    /// The line of the grant that allows it.
    pub rule: Option<String>,
    /// What it is done with.
    pub input: Option<Commitment>,
}

/// The call of a tool. It carries its arguments, so that what was committed to is what is run.
#[derive(Debug)]
pub struct Call {
    /// The skill.
    pub skill: SkillName,
    /// Its bytes.
    pub digest: Digest,
    /// The tool, as the WIT names it.
    pub tool: String,
    /// The arguments, in the order of the WIT.
    pub arguments: Vec<Value>,
    /// The commitment to their canonical form: [`crate::Clearance::commit`].
    pub input: Commitment,
    /// What ties the records of one request together.
    pub correlation: String,
    /// The call of another skill that makes this one, if one does.
    pub within: Option<Within>,
}

/// The call inside which a skill calls another.
#[derive(Debug, Clone)]
pub struct Within {
    /// Its intent.
    pub intent: Seq,
    /// The line of its grant that names the skill that is called.
    pub rule: String,
}

impl Action for Call {
    fn facts(&self) -> Facts {
        Facts {
            kind: "call",
            skill: self.skill.clone(),
            digest: self.digest,
            tool: self.tool.clone(),
            correlation: self.correlation.clone(),
            parent: self.within.as_ref().map(|within| within.intent),
            place: None,
            rule: self.within.as_ref().map(|within| within.rule.clone()),
            input: Some(self.input.clone()),
        }
    }
}
