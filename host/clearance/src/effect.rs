//! What a skill does during a call: each effect is checked against the tool's own, and recorded inside the call.

use std::sync::Arc;

use vouchsafe_audit::{Commitment, Seq};
use vouchsafe_package::{Digest, Effect, SkillName};
use vouchsafe_policy::Permit;

use crate::action::Facts;
use crate::epoch::Guard;
use crate::gate::Door;
use crate::{Action, Admitted, Call, Cleared, Code, Refusal};

/// What a skill asks the host to do during a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectKind {
    /// A request by this method. `reads` is the operator's word that this POST only reads.
    Http {
        /// The method, in capitals.
        method: String,
        /// Whether a route of the grant says that it only reads.
        reads: bool,
    },
    /// A stored value is read.
    StateRead,
    /// A stored value is written.
    StateWrite,
    /// A folder, or a file in it, is read.
    FileRead,
    /// A file or folder is written, made, moved or removed.
    FileWrite,
    /// A message is published.
    Publish,
    /// A language model is asked. It is given no tools, so asking only reads.
    Model,
    /// A statement is run in a database, which is declared to do no more than this.
    Sql(Effect),
    /// A tool of an external server is called, whose effect is this by the operator's word.
    Upstream(Effect),
    /// A tool of another skill is called, whose effect is this.
    Skill(Effect),
}

impl EffectKind {
    /// The least effect that a tool must declare to do this.
    #[must_use]
    pub fn needs(&self) -> Effect {
        match self {
            Self::Http { method, reads } => {
                match *reads || matches!(method.as_str(), "GET" | "HEAD") {
                    true => Effect::Read,
                    false => Effect::Write,
                }
            }
            Self::StateRead | Self::FileRead | Self::Model => Effect::Read,
            Self::StateWrite | Self::FileWrite | Self::Publish => Effect::Write,
            Self::Skill(effect) | Self::Sql(effect) | Self::Upstream(effect) => *effect,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::StateRead => "state-read",
            Self::StateWrite => "state-write",
            Self::FileRead => "file-read",
            Self::FileWrite => "file-write",
            Self::Publish => "publish",
            Self::Model => "model",
            Self::Sql(_) => "sql",
            Self::Upstream(_) => "upstream",
            Self::Skill(_) => "skill",
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Http { method, .. } => format!("a `{method}` request"),
            Self::StateRead => "reading a stored value".to_owned(),
            Self::StateWrite => "writing a stored value".to_owned(),
            Self::FileRead => "reading a file".to_owned(),
            Self::FileWrite => "writing a file".to_owned(),
            Self::Publish => "publishing a message".to_owned(),
            Self::Model => "asking a model".to_owned(),
            Self::Sql(effect) => format!("a statement whose effect is `{effect}`"),
            Self::Upstream(effect) => {
                format!("calling an external tool whose effect is `{effect}`")
            }
            Self::Skill(effect) => format!("calling a tool whose effect is `{effect}`"),
        }
    }
}

/// The gate for the effects of one call. The imports of the runtime hold it.
#[derive(Clone)]
pub struct EffectGate {
    call: Arc<During>,
}

struct During {
    intent: Seq,
    skill: SkillName,
    digest: Digest,
    tool: String,
    correlation: String,
    permit: Arc<Permit>,
    guard: Guard,
    door: Arc<Door>,
}

/// One effect during a call: part of it in the log, too. It carries what is done, so that what was
/// cleared is what happens.
#[derive(Debug, Clone)]
pub struct Part<E> {
    facts: Facts,
    effect: E,
}

impl<E> Part<E> {
    /// What is done.
    pub fn effect(&self) -> &E {
        &self.effect
    }
}

impl<E> Action for Part<E> {
    fn facts(&self) -> Facts {
        self.facts.clone()
    }
}

/// What the record of an effect says of it.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// The kind, which the tool's own effect must cover.
    pub kind: &'a EffectKind,
    /// Where it goes: scheme, host and port, never a full URL.
    pub place: &'a str,
    /// The line of the grant that allows it.
    pub rule: Option<String>,
    /// What it is done with.
    pub input: Option<Commitment>,
}

impl EffectGate {
    pub(crate) fn of(cleared: &Cleared<Call>) -> Self {
        let call = cleared.action();
        Self {
            call: Arc::new(During {
                intent: cleared.seq(),
                skill: call.skill.clone(),
                digest: call.digest,
                tool: call.tool.clone(),
                correlation: call.correlation.clone(),
                permit: cleared.shared_permit(),
                guard: cleared.guard().again(),
                door: Arc::clone(cleared.door()),
            }),
        }
    }

    /// The gate for what `part` consists of: recorded inside it, as it is recorded inside the call.
    #[must_use]
    pub fn inside<E>(&self, part: &Cleared<Part<E>>) -> Self {
        let call = &self.call;
        Self {
            call: Arc::new(During {
                intent: part.seq(),
                skill: call.skill.clone(),
                digest: call.digest,
                tool: call.tool.clone(),
                correlation: call.correlation.clone(),
                permit: Arc::clone(&call.permit),
                guard: call.guard.again(),
                door: Arc::clone(&call.door),
            }),
        }
    }

    /// Whether the call may do `kind` to `place`. For what has its effect in this process alone, and with the call's
    /// own outcome.
    ///
    /// # Errors
    /// The refusal, which is recorded inside the call with the line that would allow it.
    pub fn check(&self, kind: &EffectKind, place: &str) -> Result<(), Refusal> {
        let refusal = match self.judge(kind) {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        };
        Err(self.refuse(kind.name(), place, refusal))
    }

    /// Clears an effect of its own: checked, and its intent recorded inside the call's. Await
    /// [`Cleared::durable`] before anything leaves the process.
    ///
    /// # Errors
    /// As [`EffectGate::check`], and when the log does not take the intent.
    pub fn clear<E>(&self, effect: E, about: About<'_>) -> Result<Cleared<Part<E>>, Refusal> {
        self.check(about.kind, about.place)?;
        let mut facts = self.facts(about.kind.name(), about.place);
        facts.rule = about.rule;
        facts.input = about.input;
        let part = Part {
            facts: facts.clone(),
            effect,
        };
        let call = &self.call;
        Door::clear(
            &call.door,
            part,
            facts,
            Arc::clone(&call.permit),
            None,
            call.guard.again(),
        )
    }

    /// Commits to what an effect is done with, for [`About::input`].
    ///
    /// # Errors
    /// [`Code::NotRecorded`].
    pub fn commit(&self, canonical: &[u8]) -> Result<Commitment, Refusal> {
        let committed = self.call.door.log.commit_payload(canonical);
        committed.map_err(|error| Refusal::not_recorded(&error))
    }

    /// Whose call it is.
    #[must_use]
    pub fn skill(&self) -> &SkillName {
        &self.call.skill
    }

    /// The right to have another skill called inside this call, by the same principal and under the same rules.
    pub fn admit(&self) -> Admitted {
        Admitted::within(self.call.permit.principal(), self.call.guard.again())
    }

    /// The intent of the call.
    pub fn intent(&self) -> Seq {
        self.call.intent
    }

    /// What ties the records of one request together.
    pub fn correlation(&self) -> &str {
        &self.call.correlation
    }

    /// What the call is permitted.
    pub fn permit(&self) -> &Permit {
        &self.call.permit
    }

    /// Whether the tool's own effect covers `kind`.
    pub fn covers(&self, kind: &EffectKind) -> bool {
        kind.needs() <= self.call.permit.ceiling()
    }

    /// Records that the call was refused something for another reason than its effect.
    pub fn refuse_for(&self, kind: &EffectKind, place: &str, refusal: Refusal) -> Refusal {
        self.refuse(kind.name(), place, refusal)
    }

    fn judge(&self, kind: &EffectKind) -> Result<(), Refusal> {
        let call = &self.call;
        if !call.guard.is_current() {
            return Err(Refusal::stopped());
        }
        if self.covers(kind) {
            return Ok(());
        }
        let (needs, has) = (kind.needs(), call.permit.ceiling());
        let why = format!(
            "`{}` of `{}` is `{has}`, and {} needs `{needs}`",
            call.tool,
            call.skill,
            kind.describe()
        );
        let fix = format!(
            "skill.toml: under `[tools.{}]`, write `effect = \"{needs}\"`, then pack and sign it anew",
            call.tool
        );
        Err(Refusal::new(Code::NotThisEffect, why, fix))
    }

    fn refuse(&self, kind: &'static str, place: &str, refusal: Refusal) -> Refusal {
        let call = &self.call;
        let facts = self.facts(kind, place);
        call.door
            .refuse(call.permit.principal(), facts, Some(&call.permit), refusal)
    }

    fn facts(&self, kind: &'static str, place: &str) -> Facts {
        let call = &self.call;
        Facts {
            kind,
            skill: call.skill.clone(),
            digest: call.digest,
            tool: call.tool.clone(),
            correlation: call.correlation.clone(),
            parent: Some(call.intent),
            place: Some(place.to_owned()),
            rule: None,
            input: None,
        }
    }
}
