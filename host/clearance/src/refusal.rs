//! Refusals: what the operator is told, and how many equal ones become one record.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use vouchsafe_audit::{Entry, Log, LogError};

/// Equal refusals within this time become one record with a count.
const WINDOW: Duration = Duration::from_secs(10);

/// Kinds of refusals that are counted apart; beyond it they share one record, so that refusing
/// costs neither memory nor disk without bound.
const KINDS: usize = 1024;

/// Why something was not done, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Policy says no.
    Denied,
    /// It needs a person's approval.
    NotApproved,
    /// Too many requests of this principal.
    RateLimited,
    /// What is in force changed meanwhile, or is being changed.
    Superseded,
    /// The log can't be written, so nothing may happen.
    LogUnavailable,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "DENIED",
            Self::NotApproved => "NOT_APPROVED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Superseded => "SUPERSEDED",
            Self::LogUnavailable => "LOG_UNAVAILABLE",
        })
    }
}

/// Why something was not done: the code is for the caller, the rest for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {why}")]
pub struct Refusal {
    /// What the caller is told.
    pub code: Code,
    /// Why, with the line that says so.
    pub why: String,
    /// The line or command that would allow it.
    pub fix: Option<String>,
}

impl Refusal {
    /// A refusal for this reason.
    pub fn new(code: Code, why: impl Into<String>) -> Self {
        Self {
            code,
            why: why.into(),
            fix: None,
        }
    }

    /// The same, with what would allow it.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// What the caller may know: the code, and for a missing approval that one is needed.
    pub fn for_caller(&self) -> String {
        match self.code {
            Code::NotApproved => "NOT_APPROVED: needs approval".to_owned(),
            code => code.to_string(),
        }
    }
}

impl From<LogError> for Refusal {
    fn from(error: LogError) -> Self {
        Self::new(Code::LogUnavailable, error.to_string())
    }
}

/// Records refusals, equal ones once in a while with their number.
pub(crate) struct Coalescer {
    log: Arc<Log>,
    kinds: Mutex<HashMap<Kind, Held>>,
}

#[derive(PartialEq, Eq, Hash)]
enum Kind {
    One {
        principal: String,
        code: String,
        skill: Option<String>,
        tool: Option<String>,
        detail: String,
    },
    Others,
}

struct Held {
    since: Instant,
    /// Refused after the last record and not recorded yet.
    more: u64,
    last: vouchsafe_audit::Refusal,
}

impl Coalescer {
    pub(crate) fn new(log: Arc<Log>) -> Self {
        Self {
            log,
            kinds: Mutex::default(),
        }
    }

    /// Records `refusal`, or counts it to an equal one that was recorded just now.
    pub(crate) fn add(&self, refusal: vouchsafe_audit::Refusal) {
        let due = self.count(refusal);
        if let Some(refusal) = due {
            self.append(refusal);
        }
    }

    /// Records what was only counted so far: at the end, and now and then.
    pub(crate) fn flush(&self) {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let held: Vec<Held> = kinds.drain().map(|(_, held)| held).collect();
        drop(kinds);
        for Held { more, mut last, .. } in held {
            if more > 0 {
                last.count = more;
                self.append(last);
            }
        }
    }

    fn count(&self, mut refusal: vouchsafe_audit::Refusal) -> Option<vouchsafe_audit::Refusal> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kind = kind(&refusal);
        if kinds.len() >= KINDS && !kinds.contains_key(&kind) {
            kind = Kind::Others;
        }
        let Some(held) = kinds.get_mut(&kind) else {
            let held = Held {
                since: Instant::now(),
                more: 0,
                last: refusal.clone(),
            };
            kinds.insert(kind, held);
            refusal.count = 1;
            return Some(refusal);
        };
        held.more = held.more.saturating_add(1);
        if held.since.elapsed() < WINDOW {
            return None;
        }
        refusal.count = std::mem::take(&mut held.more);
        held.since = Instant::now();
        Some(refusal)
    }

    fn append(&self, refusal: vouchsafe_audit::Refusal) {
        // The refusal stands whether or not it can be recorded: denying never waits for the log.
        drop(self.log.append(Entry::Refusal(refusal)));
    }
}

fn kind(refusal: &vouchsafe_audit::Refusal) -> Kind {
    Kind::One {
        principal: refusal.subject.principal.clone(),
        code: refusal.code.clone(),
        skill: refusal.skill.clone(),
        tool: refusal.tool.clone(),
        detail: refusal.detail.clone(),
    }
}
