//! What is asked: a granted prompt with exactly its slots filled.

use std::collections::BTreeMap;

use serde_json::json;
use vouchsafe_package::value::canonical;
use vouchsafe_policy::model::Asking;

/// A prompt that may be asked, with the data of one call. It is what an intent commits to.
#[derive(Debug, Clone)]
pub struct Question {
    asking: Asking,
    slots: BTreeMap<String, String>,
}

/// The slots of a call are not those of its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the slots are not exactly those of the prompt, each once")]
pub struct BadSlots;

impl Question {
    /// Fills in `asking`.
    ///
    /// # Errors
    /// A slot is missing, unknown or filled twice.
    pub fn new(asking: Asking, filled: Vec<(String, String)>) -> Result<Self, BadSlots> {
        let count = filled.len();
        let slots: BTreeMap<String, String> = filled.into_iter().collect();
        let wanted = || asking.prompt().template.slots();
        let all = wanted().all(|name| slots.contains_key(name));
        match all && slots.len() == count && wanted().count() == count {
            true => Ok(Self { asking, slots }),
            false => Err(BadSlots),
        }
    }

    pub(crate) fn asking(&self) -> &Asking {
        &self.asking
    }

    /// The data of the slot `name`.
    pub(crate) fn data(&self, name: &str) -> &str {
        self.slots.get(name).map_or("", String::as_str)
    }

    pub(crate) fn all_data(&self) -> impl Iterator<Item = &str> + Clone {
        self.slots.values().map(String::as_str)
    }

    /// What the record commits to: model, prompt and data.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        canonical(&json!({
            "model": self.asking.model().model,
            "prompt": self.asking.prompt().digest().to_string(),
            "slots": self.slots,
        }))
    }
}
