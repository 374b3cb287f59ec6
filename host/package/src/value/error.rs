//! Why a value does not fit its type, and where in the document.

use std::borrow::Cow;
use std::fmt;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Another kind of value, or one out of range.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What the type takes.
        expected: Cow<'static, str>,
        /// What was there.
        found: Cow<'static, str>,
    },
    /// A record has no such field, or a tool no such argument.
    #[error("unknown field `{0}`")]
    UnknownField(String),
    /// A field that is not optional is absent.
    #[error("missing field `{0}`")]
    MissingField(String),
    /// The same flag twice.
    #[error("the flag `{0}` stands twice")]
    RepeatedFlag(String),
    /// NaN or an infinity has no JSON form.
    #[error("a number that is not finite has no JSON form")]
    NotFinite,
    /// Too many values inside one another.
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// Too many values in all.
    #[error("more than {0} values")]
    TooMany(usize),
    /// Too many bytes in all.
    #[error("more than {0} bytes of text and bytes")]
    TooLarge(usize),
}

/// A value that does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    problem: Problem,
    /// Innermost first: it is built on the way out, so that a value that fits pays nothing.
    path: Vec<Cow<'static, str>>,
}

impl ValueError {
    pub(super) fn expected(
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Problem::Expected {
            expected: expected.into(),
            found: found.into(),
        }
        .into()
    }

    /// This error, seen from the value that holds the wrong one under `step`.
    pub(super) fn within(mut self, step: impl Into<Cow<'static, str>>) -> Self {
        self.0.path.push(step.into());
        self
    }

    pub(super) fn at_index(self, index: usize) -> Self {
        self.within(index.to_string())
    }

    pub(super) fn at_name(self, name: &str) -> Self {
        self.within(name.to_owned())
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// Where: a JSON pointer (RFC 6901), empty for the whole document.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in self.0.path.iter().rev() {
            pointer.push('/');
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        }
        pointer
    }
}

impl From<Problem> for ValueError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(Inner {
            problem,
            path: Vec::new(),
        }))
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.path.is_empty() {
            return self.0.problem.fmt(f);
        }
        write!(
            f,
            "at `{}`: {}",
            self.pointer().escape_debug(),
            self.0.problem
        )
    }
}

impl std::error::Error for ValueError {}
