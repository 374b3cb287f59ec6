//! Why a request has no response.

use std::time::Duration;

use vouchsafe_clearance::{EffectKind, Refusal};

/// A request that is refused: the skill hears that it is, the operator why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What it would have been.
    pub kind: EffectKind,
    /// Scheme, host and port; no more of it.
    pub place: String,
    /// Why.
    pub why: String,
    /// The line that would allow it; empty where none would.
    pub fix: String,
}

/// Why a request has no response, or not all of one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The rules don't allow it. Its record is to be made.
    #[error("refused: {}", .0.why)]
    Refused(Box<Refused>),
    /// Its name leads to no address, so that nothing could be checked. Its record is to be made.
    #[error("not resolved: {}", .0.why)]
    Unresolved(Box<Refused>),
    /// The gate didn't let it through, and has recorded why.
    #[error("not cleared: {0}")]
    NotCleared(Refusal),
    /// Nobody answers there. Nothing was sent.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// The other side is not who it should be, or does not speak TLS. Nothing was sent.
    #[error("no trusted connection: {0}")]
    Tls(String),
    /// It took too long.
    #[error("it took longer than {} ms", .0.as_millis())]
    TooSlow(Duration),
    /// More came, or was to be sent, than the grant lets.
    #[error("{0}")]
    TooMuch(String),
    /// The body is not what its headers promise.
    #[error("the body is not as long as `content-length` says")]
    WrongLength,
    /// The response held the request's credential, which is cut off there; see [`vouchsafe_audit::Status::Echo`].
    #[error("the credential that was sent came back")]
    Echo,
    /// The response is in a coding that can't be watched for the request's credential.
    #[error("the response is compressed, though it was asked not to be")]
    Unwatched,
    /// The other side broke off or broke the protocol.
    #[error("the exchange broke off: {0}")]
    Broken(String),
}
