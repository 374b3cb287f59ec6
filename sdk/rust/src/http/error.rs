//! Why a request has no answer.

use std::fmt;

/// Why a request has no answer, or not one that was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The grant names no such destination.
    NotGranted(String),
    /// The host refused it. The operator's log says why.
    Denied,
    /// Nobody who can be trusted answers there. Nothing was sent.
    Unavailable,
    /// It took too long. Whether it had an effect is not known.
    Timeout,
    /// More was sent, or came back, than the grant lets.
    TooLarge,
    /// The exchange broke off. Whether it had an effect is not known.
    Broken(String),
    /// The request can't be said in HTTP.
    Invalid(String),
    /// The answer is not what it was taken for.
    Unexpected(String),
    /// The answer's status is not one of success.
    Status(u16),
    /// There is no host: this runs natively, in a test.
    NoHost,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGranted(name) => write!(f, "no destination `{name}` is granted"),
            Self::Denied => f.write_str("the host refused the request"),
            Self::Unavailable => f.write_str("nobody answers there"),
            Self::Timeout => f.write_str("the request took too long"),
            Self::TooLarge => f.write_str("the request or its answer is too large"),
            Self::Broken(why) => write!(f, "the exchange broke off: {why}"),
            Self::Invalid(why) => write!(f, "the request is not valid: {why}"),
            Self::Unexpected(why) => write!(f, "an unexpected answer: {why}"),
            Self::Status(status) => write!(f, "an answer with status {status}"),
            Self::NoHost => f.write_str("there is no host to send it"),
        }
    }
}

impl std::error::Error for Error {}
