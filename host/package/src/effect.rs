//! What a tool may do to the world, in three steps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most that a call of a tool may do. The host enforces it; a grant may
/// raise it, never lower it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Changes nothing outside: only GET and HEAD leave, nothing is written,
    /// published or called that does more than read.
    Read,
    /// Changes things that can be changed back.
    Write,
    /// Does what cannot be undone.
    Irreversible,
}

impl Effect {
    /// The word that manifests and grants use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Irreversible => "irreversible",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_from_read_to_irreversible() {
        assert!(Effect::Read < Effect::Write && Effect::Write < Effect::Irreversible);
        assert_eq!(
            serde_json::to_string(&Effect::Irreversible).unwrap(),
            "\"irreversible\""
        );
    }
}
