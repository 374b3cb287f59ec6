//! What can go wrong, for the host and for a skill.

use tokio::task::JoinError;
use vouchsafe_ambient::files::FileError;
use vouchsafe_audit::LogError;
use vouchsafe_clearance::Refusal;
use vouchsafe_keys::SealError;

/// Why stores can't be read, or writes are not kept. For the operator; a skill hears less.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not this host's, or not of this skill and tenant.
    #[error("the stored state: {0}")]
    Seal(#[from] SealError),
    /// Another version of the host wrote it.
    #[error("the stored state is of a form that this version does not read: {0}")]
    Form(#[from] serde_json::Error),
    /// The gate says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another call wrote meanwhile what this one read.
    #[error("another call changed meanwhile what this one read; call again")]
    Changed,
    /// Together with what other calls wrote it is more than is granted.
    #[error("the store `{0}` would hold more than its grant gives")]
    Full(String),
    /// The end of it could not be recorded.
    #[error("not recorded: {0}")]
    Log(#[from] LogError),
    /// The thread that reads or writes.
    #[error("the thread that keeps state: {0}")]
    Thread(#[from] JoinError),
}

/// What a skill hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotKept {
    /// No store of that name is granted.
    NoSuchStore,
    /// The call may not do that.
    Denied,
    /// What it wrote does not fit, or the host failed; in words for the skill.
    Other(&'static str),
}
