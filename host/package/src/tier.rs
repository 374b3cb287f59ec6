//! How far a skill reaches, in one word.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The privilege that a skill's imports add up to. Derived from the binary, never declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Only computes.
    Pure,
    /// Also reaches destinations, settings, state, files and databases.
    Connected,
    /// Also gets others to act: models, skills, channels, upstream tools.
    Delegating,
}

impl Tier {
    /// The word that people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Connected => "connected",
            Self::Delegating => "delegating",
        }
    }

    /// What the word means, for those who decide on it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Pure => "only computes; reaches nothing and makes nothing act",
            Self::Connected => {
                "reaches what is asked for below; makes no model, skill, channel or upstream tool act"
            }
            Self::Delegating => "reaches what is asked for below, and gets others to act",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
