//! The record as it lies in the file and as `audit show` reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::entry::{Control, Entry, Intent, Outcome, Refusal, Status, Subject, Unknown, Why};
use crate::{Commitment, LogError, Seq};

/// The version of the record's form.
pub(crate) const VERSION: u8 = 1;
/// The longest name that a record holds, in bytes.
const NAME: usize = 512;
/// The longest text of an outcome, which has to fit the space reserved for it.
const DETAIL: usize = 256;
/// The longest text of a refusal.
const WHY: usize = 1024;
/// The largest integer that every JSON reader gets right.
const LARGEST: u64 = (1 << 53) - 1;

/// What a record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something was about to be done.
    Intent,
    /// How it ended.
    Outcome,
    /// It ended, and how is not known.
    Unknown,
    /// Something was asked for and not done.
    Refusal,
    /// Something about the host itself.
    #[default]
    Control,
}

/// One record. Its bytes in the file are its RFC 8785 form.
///
/// INVARIANT (sorted): the fields stand in the order of their names, so that plain serialisation is canonical; a
/// test holds it against an independent canonicaliser.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are those of the entries, documented there"
)]
pub struct Record {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub approval: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub duration_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub facts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub fuel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Commitment>,
    pub kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub of: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Commitment>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub parent: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub peak_memory: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The SHA-256 of the record before, or of the file's first line.
    pub prev: String,
    /// Who asked, by pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub sent: Option<u64>,
    pub seq: Seq,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// RFC 3339, UTC, microseconds.
    pub time: String,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped")]
    pub tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    pub v: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

/// Counts beyond 2^53-1 are written as 2^53-1: no reader would get the true number back.
fn capped<S: Serializer>(value: &Option<u64>, out: S) -> Result<S::Ok, S::Error> {
    value.map(|value| value.min(LARGEST)).serialize(out)
}

impl Record {
    /// The record of `entry`, without number, time and predecessor. `pseudonym` names a person without naming them.
    pub(crate) fn draft(
        entry: Entry,
        pseudonym: impl Fn(&Subject) -> String,
    ) -> Result<Self, LogError> {
        let mut record = match entry {
            Entry::Intent(intent) => Self::intent(intent, pseudonym),
            Entry::Outcome(outcome) => Self::outcome(outcome),
            Entry::Unknown(unknown) => Self::unknown(&unknown),
            Entry::Refusal(refusal) => Self::refusal(refusal, pseudonym),
            Entry::Control(control) => Self::control(control, pseudonym),
        };
        record.v = VERSION;
        record.check()?;
        Ok(record)
    }

    fn intent(intent: Intent, pseudonym: impl Fn(&Subject) -> String) -> Self {
        Self {
            kind: Kind::Intent,
            action: Some(intent.action),
            parent: intent.parent,
            skill: Some(intent.skill),
            digest: Some(intent.digest),
            tool: Some(intent.tool),
            effect: Some(intent.effect),
            place: intent.place,
            grant: intent.grant,
            policy: intent.policy,
            rule: intent.rule,
            input: intent.input,
            approval: intent.approval,
            ..Self::about(intent.subject, pseudonym)
        }
    }

    fn outcome(outcome: Outcome) -> Self {
        let took = outcome.resources;
        Self {
            kind: Kind::Outcome,
            of: Some(outcome.of),
            status: Some(outcome.status),
            detail: outcome.detail.map(|text| plain(text, DETAIL)),
            output: outcome.output,
            fuel: took.fuel,
            peak_memory: took.peak_memory,
            tokens: took.tokens,
            duration_us: took
                .duration
                .map(|time| u64::try_from(time.as_micros()).unwrap_or(LARGEST)),
            ..Self::default()
        }
    }

    fn unknown(unknown: &Unknown) -> Self {
        Self {
            kind: Kind::Unknown,
            of: Some(unknown.of),
            why: Some(unknown.why),
            sent: unknown.sent,
            ..Self::default()
        }
    }

    fn refusal(refusal: Refusal, pseudonym: impl Fn(&Subject) -> String) -> Self {
        Self {
            kind: Kind::Refusal,
            action: Some(refusal.action),
            parent: refusal.parent,
            skill: refusal.skill,
            digest: refusal.digest,
            tool: refusal.tool,
            // Guests choose it, and a long one is no way around the record.
            place: refusal.place.map(|place| plain(place, NAME)),
            grant: refusal.grant,
            policy: refusal.policy,
            code: Some(refusal.code),
            detail: Some(plain(refusal.detail, WHY)),
            count: Some(refusal.count.max(1)),
            ..Self::about(refusal.subject, pseudonym)
        }
    }

    fn control(control: Control, pseudonym: impl Fn(&Subject) -> String) -> Self {
        let about = control
            .subject
            .map(|subject| Self::about(subject, pseudonym));
        Self {
            kind: Kind::Control,
            action: Some(control.action),
            facts: control.facts,
            input: control.input,
            ..about.unwrap_or_default()
        }
    }

    fn about(subject: Subject, pseudonym: impl Fn(&Subject) -> String) -> Self {
        Self {
            principal: Some(pseudonym(&subject)),
            tenant: Some(subject.tenant),
            correlation: Some(subject.correlation),
            ..Self::default()
        }
    }

    /// Bounds every name, so that a record has a largest size.
    fn check(&self) -> Result<(), LogError> {
        let names = [
            ("action", &self.action),
            ("code", &self.code),
            ("correlation", &self.correlation),
            ("digest", &self.digest),
            ("effect", &self.effect),
            ("grant", &self.grant),
            ("place", &self.place),
            ("policy", &self.policy),
            ("rule", &self.rule),
            ("skill", &self.skill),
            ("tenant", &self.tenant),
            ("tool", &self.tool),
        ];
        for (field, value) in names {
            if value.as_ref().is_some_and(|value| value.len() > NAME) {
                return Err(LogError::TooLong { field, limit: NAME });
            }
        }
        self.check_facts()
    }

    fn check_facts(&self) -> Result<(), LogError> {
        const FACTS: usize = 64;
        if self.facts.len() > FACTS || self.facts.values().any(|value| value.len() > NAME) {
            return Err(LogError::TooLong {
                field: "facts",
                limit: NAME,
            });
        }
        match self
            .facts
            .keys()
            .find(|name| name.len() > 64 || !name.is_ascii())
        {
            Some(name) => Err(LogError::FactName(name.clone())),
            None => Ok(()),
        }
    }
}

/// At most `limit` bytes of `text`, cut between characters, control characters blanked.
fn plain(text: String, limit: usize) -> String {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    kept.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
