//! Why a statement has no rows to give.

use vouchsafe_audit::Status;
use vouchsafe_clearance::Refusal;
use vouchsafe_egress::{Failure as NotSent, Refused};

/// Why a statement has no rows to give.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rules don't allow it. Its record is to be made.
    #[error("refused: {}", .0.why)]
    Refused(Box<Refused>),
    /// The grant allows no more of it in this call. Its record is to be made.
    #[error("used up: {}", .0.why)]
    Exhausted(Box<Refused>),
    /// The gate didn't let it through, and has recorded why.
    #[error("not cleared: {0}")]
    NotCleared(Refusal),
    /// The database said no, or could not be asked. Nothing of the statement remains.
    #[error("{0}")]
    Failed(String),
    /// Whether it was done is not known.
    #[error("whether it was done is not known")]
    Unknown,
}

/// How one statement went wrong, before anybody is told.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There is no connection.
    NotSent(NotSent),
    /// The credential can't be had, or is not taken.
    NoLogin(String, String),
    /// The database's answer, by its code, or what the statement should say instead.
    Said(String),
    /// It broke off. The database undoes what was not committed.
    Broken,
    /// More came than the grant lets.
    TooMuch(&'static str),
    /// It took longer than it may.
    TooSlow,
    /// A value that came back holds the credential.
    Echo,
    /// It broke off while it was committed.
    Unknown,
}

impl Trouble {
    /// The code (SQLSTATE) of what a database says, and nothing of its words, which may hold values.
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(said) => {
                Self::Said(said.code().map_or("no code".to_owned(), Into::into))
            }
            _ => Self::Broken,
        }
    }

    pub(crate) fn status(&self) -> Status {
        match self {
            Self::NotSent(NotSent::NotCleared(_)) => Status::Killed,
            Self::TooMuch(_) => Status::Limit,
            Self::TooSlow => Status::Deadline,
            Self::Echo => Status::Echo,
            _ => Status::Failed,
        }
    }

    /// In words for the operator.
    pub(crate) fn say(&self) -> String {
        match self {
            Self::NotSent(failure) => failure.to_string(),
            Self::NoLogin(why, _) => why.clone(),
            Self::Said(said) => format!("the database says {said}"),
            Self::Broken => "the connection broke off".to_owned(),
            Self::TooMuch(what) => (*what).to_owned(),
            Self::TooSlow => "it took longer than the grant lets".to_owned(),
            Self::Echo => "the credential came back in a value".to_owned(),
            Self::Unknown => "it broke off while it was committed".to_owned(),
        }
    }

    /// What the skill hears: a code, and no more of what somebody else said.
    pub(crate) fn told(&self) -> Failure {
        match self {
            Self::NotSent(NotSent::NotCleared(refusal)) => Failure::NotCleared(refusal.clone()),
            Self::Said(said) => Failure::Failed(said.clone()),
            Self::TooMuch(what) => Failure::Failed((*what).to_owned()),
            Self::TooSlow => Failure::Failed("it took too long".to_owned()),
            Self::Unknown => Failure::Unknown,
            Self::NotSent(_) | Self::NoLogin(..) | Self::Broken | Self::Echo => {
                Failure::Failed("the database can't be asked".to_owned())
            }
        }
    }
}
