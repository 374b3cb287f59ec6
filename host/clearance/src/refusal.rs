//! What is told to who was refused: the skill and the agent nothing, the operator everything.

use std::fmt;

/// Why something was not done. Its text is what the asker may hear; `why` and `fix` are for the operator and stand
/// in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub code: Code,
    /// Why, exactly.
    pub why: String,
    /// The line that would allow it; empty where no line would.
    pub fix: String,
}

/// The kinds of refusal. Their names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A person must decide first.
    NotApproved,
    /// The rules do not allow it.
    NotAllowed,
    /// A name leads to no address: not a matter of rules.
    NotResolved,
    /// The tool's effect does not allow it.
    NotThisEffect,
    /// What it was called with is not of its types.
    Arguments,
    /// There is no code to run: it did not compile, or not in time.
    NotLoaded,
    /// Asked too often.
    RateLimited,
    /// The rules changed, or a kill switch was thrown, after it had been allowed.
    Stopped,
    /// The log can't take it, so it must not happen.
    NotRecorded,
}

impl Code {
    /// The name in records and replies.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotApproved => "NOT_APPROVED",
            Self::NotAllowed => "NOT_ALLOWED",
            Self::NotResolved => "NOT_RESOLVED",
            Self::NotThisEffect => "NOT_THIS_EFFECT",
            Self::Arguments => "ARGUMENTS",
            Self::NotLoaded => "NOT_LOADED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Stopped => "STOPPED",
            Self::NotRecorded => "NOT_RECORDED",
        }
    }

    /// What the asker hears beside the name.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::NotApproved => "needs approval",
            Self::NotAllowed => "not allowed",
            Self::NotResolved => "there is no such place",
            Self::NotThisEffect => "the tool may not do this",
            Self::Arguments => "the arguments do not fit the tool",
            Self::NotLoaded => "the host could not run it",
            Self::RateLimited => "too many requests; try again later",
            Self::Stopped => "the rules changed while this was under way; ask again",
            Self::NotRecorded => "it could not be recorded, so it was not done",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl Refusal {
    /// A refusal for `why`; `fix` is the line that would allow it, or empty.
    #[must_use]
    pub fn new(code: Code, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code,
            why: why.into(),
            fix: fix.into(),
        }
    }

    pub(crate) fn stopped() -> Self {
        Self::new(Code::Stopped, "the rules changed after it was allowed", "")
    }

    /// The log does not take, or does not give, what is needed: nothing may happen.
    #[must_use]
    pub fn not_recorded(error: &vouchsafe_audit::LogError) -> Self {
        Self::new(Code::NotRecorded, error.to_string(), "")
    }

    /// Why and what would allow it, as it stands in the record.
    #[must_use]
    pub fn detail(&self) -> String {
        match self.fix.as_str() {
            "" => self.why.clone(),
            fix if self.code == Code::NotResolved => format!("{}; {fix}", self.why),
            fix => format!("{}; to allow it: {fix}", self.why),
        }
    }
}

/// What the asker hears.
impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.code.says())
    }
}

impl std::error::Error for Refusal {}
