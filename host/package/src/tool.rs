//! A tool: a typed function that a skill exports, and what its author says of
//! it.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::effect::Effect;
use crate::manifest::Confirm;
use crate::schema;
use crate::wit_type::{Name, Type};

/// A function of the skill that agents can call. Its schemas are derived from its types whenever
/// somebody asks: written out as JSON they take ten times the memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The WIT function's name, unique within the skill.
    pub name: String,
    /// Where the component exports it.
    pub export: Export,
    /// Its parameters, in order.
    pub params: Vec<Param>,
    /// What it returns, if anything. A `result` at this level is the tool's
    /// success or error.
    pub result: Option<Type>,
    /// The words that WIT has for the type of what it returns.
    pub result_docs: Option<String>,
    /// The most a call may do.
    pub effect: Effect,
    /// The parameters that decide who or what is affected.
    pub targets: Vec<String>,
    /// Where in the arguments stands whom a call is about: `supplier.id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// When the author wants a person to decide.
    pub confirm: Option<Confirm>,
    /// The author's words, from WIT.
    pub description: String,
    /// Whether the answer is put into `{"result": ...}` because it is not an
    /// object by itself.
    pub wraps_result: bool,
}

impl Tool {
    /// JSON Schema 2020-12 of the arguments object.
    #[must_use]
    pub fn input_schema(&self) -> Json {
        schema::input(&self.params)
    }

    /// JSON Schema 2020-12 of what a successful call answers, if it answers anything.
    #[must_use]
    pub fn output_schema(&self) -> Option<Json> {
        schema::output(self.result.as_ref(), self.result_docs.as_deref())
    }
}

/// Where a component exports a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The exported instance, such as `acme:payments/payments@1.2.0`; `None`
    /// for a function of the world itself.
    pub interface: Option<String>,
    /// The function within it.
    pub function: String,
}

/// A parameter of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// As in WIT.
    pub name: Name,
    /// The words that WIT has for its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// What it holds.
    pub ty: Type,
}
