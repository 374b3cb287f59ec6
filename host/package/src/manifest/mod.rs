//! `skill.toml`: what the author declares. Strict: a key or a capability that
//! the format does not know is an error.

pub mod capability;
mod check;
mod forms;
pub(crate) mod lines;
mod parse;
mod place;
mod prompt;
pub mod quantity;
mod reply;
mod signature;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::effect::Effect;
use crate::limits::Limits;
use crate::package_id::PackageId;
pub use capability::{
    Access, Auth, Bus, Files, Http, Placement, Route, Setting, SkillUse, State, Statement, Upstream,
};
pub use parse::ManifestError;
pub use prompt::{MOST_REPLY_TOKENS, Part, Prompt, REPLY_TOKENS, Template};
pub use quantity::{ByteSize, Span};
pub use reply::ReplySchema;
pub use signature::{Encoding, Signature};

/// What a skill declares: its tools, and by name everything it asks for. The
/// operator's grant binds the names to places.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The skill and its version. In a source manifest only for components
    /// without WIT; `pack` fills it in from the WIT package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageId>,
    /// The exported functions that are tools, by WIT name.
    #[serde(default)]
    pub tools: BTreeMap<String, ToolEntry>,
    /// Destinations for `wasi:http`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub http: BTreeMap<String, Http>,
    /// Keys of `wasi:config` that the operator sets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Setting>,
    /// Folders for `wasi:filesystem`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Files>,
    /// Buckets of `wasi:keyvalue`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub state: BTreeMap<String, State>,
    /// Statements by database, then by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sql: BTreeMap<String, BTreeMap<String, Statement>>,
    /// Prompts for a language model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prompts: BTreeMap<String, Prompt>,
    /// Interfaces of other skills that it imports, without version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skills: BTreeMap<String, SkillUse>,
    /// Tools of external MCP servers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub upstream: BTreeMap<String, Upstream>,
    /// Channels.
    #[serde(default, skip_serializing_if = "Bus::is_empty")]
    pub bus: Bus,
    /// Bounds other than the defaults.
    #[serde(default, skip_serializing_if = "AskedLimits::is_empty")]
    pub limits: AskedLimits,
}

/// What `[tools]` says of an exported function: `false` hides it, a table
/// makes it a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolEntry {
    /// The function is exported but is no tool.
    Hidden,
    /// The function is a tool.
    Tool(ToolDeclaration),
}

/// What the author says of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolDeclaration {
    /// The most a call may do. Enforced.
    pub effect: Effect,
    /// The parameters that decide who or what is affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Where in the arguments stands whom a call is about: `supplier.id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// When a person is to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
}

/// When a person is to decide: `"always"`, or a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Confirm {
    /// A condition on the arguments; `None` is always.
    pub when: Option<String>,
    /// Who is asked, by the operator's name for them.
    pub channel: Option<String>,
    /// How long they have.
    pub within: Option<Span>,
}

/// Bounds that the author asks for; what is absent keeps its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedLimits {
    /// Linear memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// From the call to its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Span>,
    /// Instructions, roughly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// The answer, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<ByteSize>,
    /// The arguments, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<ByteSize>,
}

impl AskedLimits {
    /// Whether nothing but the defaults is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These bounds over `base`: what is absent is taken from there.
    #[must_use]
    pub fn over(&self, base: &Limits) -> Limits {
        Limits {
            memory_bytes: self.memory.map_or(base.memory_bytes, |size| size.0),
            wall_ms: self.time.map_or(base.wall_ms, |span| span.0),
            fuel: self.fuel.unwrap_or(base.fuel),
            output_bytes: self.output.map_or(base.output_bytes, |size| size.0),
            input_bytes: self.input.map_or(base.input_bytes, |size| size.0),
        }
    }
}

impl Manifest {
    /// The bounds of a call of this skill, before any grant lowers them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits.over(&Limits::default())
    }
}

#[cfg(test)]
mod tests;
