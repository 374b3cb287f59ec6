//! How many of whom have to say yes, and by when.

use std::fmt;

use serde::{Deserialize, Serialize};
use vouchsafe_package::manifest::Span;

/// A tier of confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// What grants call it.
    pub name: String,
    /// How many different people; at least one.
    pub people: u32,
    /// The group they have to be of; any approver if none is named.
    pub from: Option<String>,
    /// Whether the person for whom the agent works does not count.
    pub somebody_else: bool,
    /// How long they have.
    pub within: Span,
}

impl Tier {
    /// What `confirm = "always"` asks for, under its other name.
    pub const CONFIRM: &str = "confirm";

    /// How long people have where nothing says so: an hour.
    pub const WITHIN: Span = Span(3_600_000);

    /// The tier that needs no file: `always` (also called `confirm`) or `four-eyes`.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let somebody_else = match name {
            "always" | Self::CONFIRM => false,
            "four-eyes" => true,
            _ => return None,
        };
        let name = match name {
            "always" => Self::CONFIRM,
            name => name,
        };
        Some(Self {
            name: name.to_owned(),
            people: 1,
            from: None,
            somebody_else,
            within: Self::WITHIN,
        })
    }
}

impl Tier {
    /// Whether whoever meets this one has met `other` too.
    pub(crate) fn implies(&self, other: &Self) -> bool {
        self.people >= other.people
            && (other.from.is_none() || other.from == self.from)
            && (self.somebody_else || !other.somebody_else)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Some(group) => write!(f, "{} of {group}", self.people)?,
            None if self.people == 1 => f.write_str("1 approver")?,
            None => write!(f, "{} approvers", self.people)?,
        }
        match self.somebody_else {
            true => f.write_str(", and not who asked"),
            false => Ok(()),
        }
    }
}
