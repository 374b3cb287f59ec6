//! What is asked for: a granted tool with its arguments, and what both must fit.

use jsonschema::{PatternOptions, Validator};
use serde_json::{Value as Json, json};
use vouchsafe_package::value::{Caps, canonical, parse_strict};
use vouchsafe_policy::upstream::{Accepted, Calling};

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

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("the arguments do not fit the tool's `inputSchema`")]
    Arguments,
    #[error("the result does not fit the tool's `outputSchema`")]
    Result,
    #[error("the tool's own schema can't be held to: it is none, or it looks elsewhere")]
    Schema,
}

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

    /// The arguments, if they fit what was accepted.
    pub(crate) fn arguments(&self, accepted: &Accepted) -> Result<&Json, Unfit> {
        match schema(accepted.definition().input_schema())?.is_valid(&self.input) {
            true => Ok(&self.input),
            false => Err(Unfit::Arguments),
        }
    }
}

/// That `result` keeps what the accepted definition promises of it (MCP 2025-11-25, "Output Schema").
pub(crate) fn fits(accepted: &Accepted, result: &Json) -> Result<(), Unfit> {
    let Some(promised) = accepted.definition().output_schema() else {
        return Ok(());
    };
    let validator = schema(promised)?;
    match result.get("structuredContent") {
        Some(content) if validator.is_valid(content) => Ok(()),
        _ => Err(Unfit::Result),
    }
}

/// With patterns that take linear time: who writes them and who fills them in may be one.
fn schema(schema: &Json) -> Result<Validator, Unfit> {
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    options.build(schema).map_err(|_| Unfit::Schema)
}
