//! Prompts for a language model, by name. A skill that uses them imports `vouchsafe:skill/model@0.1.0`.
//!
//! A prompt is a prepared statement. Its words stand in `skill.toml` and are signed with the skill; a call only fills
//! in its slots:
//!
//! ```toml
//! [prompts.classify]
//! model    = "reader"                     # the grant says which model that is, and where
//! system   = "Say what kind of document this is."
//! template = "The document: {document}"
//! reply    = { type = "object", properties = { kind = { enum = ["invoice", "letter"] } }, required = ["kind"] }
//! ```
//!
//! ```
//! use vouchsafe_sdk::model::{Error, Prompt};
//!
//! #[derive(serde::Deserialize)]
//! struct Class {
//!     kind: String,
//! }
//!
//! fn classify(document: &str) -> Result<String, Error> {
//!     let class: Class = Prompt::named("classify").slot("document", document).ask()?;
//!     Ok(class.kind) // `invoice` or `letter`, and no more than a claim
//! }
//! # fn main() {
//! assert_eq!(classify("Dear Anna"), Err(Error::NoHost)); // natively there is none
//! # }
//! ```
//!
//! A reply fits its schema and is not to be trusted even then: whoever wrote the document may have chosen it. All slots
//! together hold some 60 KiB.

use std::fmt;

use serde::de::DeserializeOwned;

/// A prompt of the manifest, to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    name: String,
    slots: Vec<(String, String)>,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Not granted, or no such prompt, or other slots than it has. The model was not asked.
    Denied,
    /// It needed a person's approval, and did not get it. The model was not asked.
    Declined,
    /// An allowance in the grant is used up. The model was not asked.
    Exhausted,
    /// The model was asked, and gave no reply that fits.
    Failed,
    /// The slots hold more than one question can take. The model was not asked.
    TooLarge,
    /// The reply fits the manifest's schema, and not the type that was asked for.
    OtherType(String),
    /// There is no host: this runs natively.
    NoHost,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("the model may not be asked this"),
            Self::Declined => f.write_str("a person declined"),
            Self::Exhausted => f.write_str("the allowance for the model is used up"),
            Self::Failed => f.write_str("the model gave no reply that fits"),
            Self::TooLarge => f.write_str("the data are too large for one question"),
            Self::OtherType(why) => write!(f, "the reply is of another type: {why}"),
            Self::NoHost => f.write_str("there is no host to ask a model"),
        }
    }
}

impl std::error::Error for Error {}

impl Prompt {
    /// The prompt that the manifest calls `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            slots: Vec::new(),
        }
    }

    /// Fills in the slot `name`. The host marks `text` off from the prompt.
    #[must_use]
    pub fn slot(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.slots.push((name.into(), text.into()));
        self
    }

    /// Asks, and reads the reply.
    ///
    /// # Errors
    /// [`Error`].
    pub fn ask<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let reply = self.ask_json()?;
        serde_json::from_str(&reply).map_err(|error| Error::OtherType(error.to_string()))
    }

    /// Asks, and gives the reply as JSON text.
    ///
    /// # Errors
    /// [`Error`].
    pub fn ask_json(&self) -> Result<String, Error> {
        let bytes: usize = self
            .slots
            .iter()
            .map(|(name, text)| name.len() + text.len())
            .sum();
        match bytes > SLOT_BYTES {
            true => Err(Error::TooLarge),
            false => host::ask(self),
        }
    }
}

/// More ends the call.
const SLOT_BYTES: usize = 60 << 10;

#[cfg(target_family = "wasm")]
#[allow(
    warnings,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated"
)]
mod generated {
    vouchsafe_sdk_macro::import!("vouchsafe:skill/model@0.1.0");
}

#[cfg(target_family = "wasm")]
mod host {
    use super::generated::vouchsafe::skill::model::{self, Slot};
    use super::generated::vouchsafe::skill::types::Refusal;
    use super::{Error, Prompt};

    pub(super) fn ask(prompt: &Prompt) -> Result<String, Error> {
        let slots: Vec<Slot> = prompt
            .slots
            .iter()
            .map(|(name, text)| Slot {
                name: name.clone(),
                text: text.clone(),
            })
            .collect();
        model::ask(&prompt.name, &slots).map_err(|error| match error {
            model::Error::Refused(Refusal::Denied) => Error::Denied,
            model::Error::Refused(Refusal::Declined) => Error::Declined,
            model::Error::Refused(Refusal::Exhausted) => Error::Exhausted,
            model::Error::Failed => Error::Failed,
        })
    }
}

#[cfg(not(target_family = "wasm"))]
mod host {
    use super::{Error, Prompt};

    pub(super) fn ask(_prompt: &Prompt) -> Result<String, Error> {
        Err(Error::NoHost)
    }
}
