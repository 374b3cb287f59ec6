//! What is asked for: a granted tool with its arguments.

use serde_json::{Value as Json, json};
use vouchsafe_package::value::{Caps, canonical, parse_strict};
use vouchsafe_policy::upstream::Calling;

/// A call that may be made if the tool is as it was accepted. It is what an intent commits to.
#[derive(Debug, Clone)]
pub struct Call {
    calling: Calling,
    input: Json,
}

/// The arguments are none that any tool takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the arguments are not one JSON object that every reader reads alike: {0}")]
pub struct BadInput(String);

impl Call {
    /// Reads the arguments of `calling`.
    ///
    /// # Errors
    /// [`BadInput`].
    pub fn new(calling: Calling, input: &str) -> Result<Self, BadInput> {
        let read = parse_strict(input.as_bytes(), &Caps::default());
        let input = read.map_err(|error| BadInput(error.to_string()))?;
        match input.is_object() {
            true => Ok(Self { calling, input }),
            false => Err(BadInput("it is no object".to_owned())),
        }
    }

    pub(crate) fn calling(&self) -> &Calling {
        &self.calling
    }

    /// What the record commits to: server, tool, accepted definition and arguments.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let upstream = self.calling.upstream();
        canonical(&json!({
            "url": upstream.http.url.as_str(),
            "tool": upstream.tool,
            "accepted": upstream.accepted.map(|digest| digest.to_string()),
            "arguments": self.input,
        }))
    }

    pub(crate) fn input(&self) -> &Json {
        &self.input
    }
}
