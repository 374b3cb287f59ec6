//! Tools of external MCP servers, by name. A skill that calls them imports `vouchsafe:skill/upstream@0.1.0`.
//!
//! ```toml
//! [upstream.tickets]
//! tool   = "create_ticket"    # what the server calls it; the grant says which server, and as which exact definition
//! effect = "write"
//! ```
//!
//! ```
//! use vouchsafe_sdk::upstream::{Error, call};
//!
//! #[derive(serde::Serialize)]
//! struct Ticket {
//!     title: String,
//! }
//!
//! # fn main() {
//! let ticket = Ticket { title: "The printer is out".to_owned() };
//! assert_eq!(call("tickets", &ticket), Err(Error::NoHost)); // natively there is none
//! # }
//! ```
//!
//! What a tool answers is what somebody else's server says, and to be treated as any text from outside.

use std::fmt;

use serde::Serialize;
use serde_json::Value as Json;

/// Why there is no result.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// Not granted, or not as the operator accepted it, or other arguments than it takes. It was not called.
    Denied,
    /// It needed a person's approval, and did not get it. It was not called.
    Declined,
    /// An allowance in the grant is used up. It was not called.
    Exhausted,
    /// It was called and did not succeed, and may have had effects: what the tool, the server or the host says of that.
    Failed(Json),
    /// The arguments can't be written as JSON.
    Input(String),
    /// The arguments are more than one call can take. It was not called.
    TooLarge,
    /// There is no host: this runs natively.
    NoHost,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("the tool may not be called so"),
            Self::Declined => f.write_str("a person declined"),
            Self::Exhausted => f.write_str("the allowance for the tool is used up"),
            Self::Failed(_) => f.write_str("the tool did not succeed"),
            Self::Input(why) => write!(f, "the arguments are no JSON: {why}"),
            Self::TooLarge => f.write_str("the arguments are too large for one call"),
            Self::NoHost => f.write_str("there is no host to call a tool"),
        }
    }
}

impl std::error::Error for Error {}

/// Calls the tool that the manifest calls `name`, and gives its result: `content`, and `structuredContent` where the tool
/// promises a form (MCP, `CallToolResult`).
///
/// # Errors
/// [`Error`].
pub fn call(name: &str, input: &impl Serialize) -> Result<Json, Error> {
    let input = serde_json::to_string(input).map_err(|error| Error::Input(error.to_string()))?;
    let result = call_json(name, &input)?;
    serde_json::from_str(&result).map_err(|_| Error::Failed(Json::Null))
}

/// As [`call`], with JSON text.
///
/// # Errors
/// [`Error`].
pub fn call_json(name: &str, input: &str) -> Result<String, Error> {
    match name.len() + input.len() > INPUT_BYTES {
        true => Err(Error::TooLarge),
        false => host::call(name, input),
    }
}

/// More ends the call.
const INPUT_BYTES: usize = 60 << 10;

#[cfg(target_family = "wasm")]
#[allow(
    warnings,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated"
)]
mod generated {
    vouchsafe_sdk_macro::import!("vouchsafe:skill/upstream@0.1.0");
}

#[cfg(target_family = "wasm")]
mod host {
    use super::Error;
    use super::generated::vouchsafe::skill::types::Refusal;
    use super::generated::vouchsafe::skill::upstream;

    pub(super) fn call(name: &str, input: &str) -> Result<String, Error> {
        upstream::call(name, input).map_err(|error| match error {
            upstream::Error::Refused(Refusal::Denied) => Error::Denied,
            upstream::Error::Refused(Refusal::Declined) => Error::Declined,
            upstream::Error::Refused(Refusal::Exhausted) => Error::Exhausted,
            upstream::Error::Failed(said) => {
                Error::Failed(serde_json::from_str(&said).unwrap_or_default())
            }
        })
    }
}

#[cfg(not(target_family = "wasm"))]
mod host {
    use super::Error;

    pub(super) fn call(_name: &str, _input: &str) -> Result<String, Error> {
        Err(Error::NoHost)
    }
}
