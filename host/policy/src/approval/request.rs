//! Exactly what a person is asked, and the digest that their signature names.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use vouchsafe_package::manifest::Span;
use vouchsafe_package::value::canonical;
use vouchsafe_package::{Digest, Effect, SkillName, Version};

use super::Wanted;

/// What people call a request: eight characters without those that look alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApprovalId(String);

/// Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl ApprovalId {
    /// The name made of 40 random bits.
    #[must_use]
    pub fn of(random: [u8; 5]) -> Self {
        let bits = random
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digit = |place: u32| {
            let index = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap_or_default();
            DIGITS.get(index).copied().map_or('0', char::from)
        };
        let (first, last): (String, String) =
            ((0..4).map(digit).collect(), (4..8).map(digit).collect());
        Self(format!("{first}-{last}"))
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a text names no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no approval's name: want one such as `7K2F-Q9MD`")]
pub struct RequestFault(String);

impl FromStr for ApprovalId {
    type Err = RequestFault;

    fn from_str(text: &str) -> Result<Self, RequestFault> {
        let plain: String = text
            .chars()
            .filter(|c| *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let good = plain.len() == 8 && plain.bytes().all(|byte| DIGITS.contains(&byte));
        match (good, plain.split_at_checked(4)) {
            (true, Some((first, last))) => Ok(Self(format!("{first}-{last}"))),
            _ => Err(RequestFault(text.chars().take(40).collect())),
        }
    }
}

impl TryFrom<String> for ApprovalId {
    type Error = RequestFault;

    fn try_from(text: String) -> Result<Self, RequestFault> {
        text.parse()
    }
}

impl From<ApprovalId> for String {
    fn from(id: ApprovalId) -> Self {
        id.0
    }
}

/// One argument as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// Its name in the WIT.
    pub name: String,
    /// Its type in the WIT.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it decides who or what is affected.
    pub target: bool,
    /// Its one JSON form.
    pub value: Json,
}

/// One call that waits for people: everything that binds a yes to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRequest {
    /// The form: [`ApprovalRequest::VERSION`].
    pub version: u32,
    /// What people call it.
    pub id: ApprovalId,
    /// 32 random bytes in hex, so that its digest in the log tells nothing of it.
    pub nonce: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it is too late to decide: at this instant it is.
    pub decide_by: Timestamp,
    /// How long after the last yes the call may still begin. It begins at once; this ends one that the host holds up.
    pub execute_within: Span,
    /// Whose data.
    pub tenant: String,
    /// Which agent asked.
    pub principal: String,
    /// With which role.
    pub role: String,
    /// The skill.
    pub skill: SkillName,
    /// Who signed it, as trust calls them.
    pub publisher: String,
    /// Its version.
    pub skill_version: Version,
    /// Its bytes.
    pub digest: Digest,
    /// The WIT function.
    pub tool: String,
    /// The digest of the tool's schemas.
    pub schema: Digest,
    /// What a call of it can do.
    pub effect: Effect,
    /// The grant's file.
    pub grant: Digest,
    /// All the rules in force.
    pub policy: Digest,
    /// The arguments, in the order of the WIT.
    pub arguments: Vec<Argument>,
    /// Where the call can send requests.
    pub reach: Vec<String>,
    /// Who has to say yes, and why.
    pub wanted: Wanted,
}

impl ApprovalRequest {
    /// The form that this host reads and writes.
    pub const VERSION: u32 = 1;

    /// How long after the last yes a call may still begin: a minute.
    pub const EXECUTE_WITHIN: Span = Span(60_000);

    /// The name by which a signature and the log know it: the SHA-256 of its canonical form.
    ///
    /// # Errors
    /// Never for one that was read; serialising can't promise it.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        serde_json::to_value(self).map(|json| Digest::of(&canonical(&json)))
    }

    /// The arguments object that is shown, which is the one that is run.
    #[must_use]
    pub fn input(&self) -> Json {
        let pair = |argument: &Argument| (argument.name.clone(), argument.value.clone());
        Json::Object(self.arguments.iter().map(pair).collect())
    }
}
