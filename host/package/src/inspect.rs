//! What a reviewer reads of a package before anything of it runs.

mod asks;
mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::effect::Effect;
use crate::imports::{Imports, Kind};
use crate::limits::Limits;
use crate::manifest::Confirm;
use crate::name::SkillName;
use crate::package::Package;
use crate::spoken::descriptions;
use crate::tier::Tier;
use crate::tool::Tool;
pub use asks::Ask;
pub(crate) use asks::placement;

/// Who signed a package, as far as it was checked. Words, for people: nothing is decided by them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureFacts {
    /// Who, such as `key sha256:ab12...` or `github.com/acme/skills release.yml`.
    pub signer: String,
    /// The publisher whom `trust.toml` says that is, and the line that says so.
    pub trusted: Option<Trusted>,
    /// Whether the signature is in a transparency log: `rekor` or `none`.
    pub transparency: String,
    /// The command that checks it without this program.
    pub check: Option<String>,
}

/// The line of `trust.toml` that a signature rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trusted {
    /// The publisher's name there.
    pub publisher: String,
    /// Such as `trust.toml:4`.
    pub place: String,
}

/// All facts about a package. `Display` is what `vouchsafe inspect` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Which skill.
    pub name: SkillName,
    /// Which version.
    pub version: semver::Version,
    /// Of its bytes.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// What it is for, in the author's words.
    pub about: String,
    /// Who signed it; `None` when no signature was given.
    pub signature: Option<SignatureFacts>,
    /// Why what was given is not believed.
    #[serde(skip)]
    refused: Option<String>,
    /// How far it reaches.
    pub tier: Tier,
    /// What agents can call.
    pub tools: Vec<ToolFacts>,
    /// What it asks for.
    pub asks: Vec<Ask>,
    /// The kinds of capability that it does not have.
    pub has_not: Vec<&'static str>,
    /// What it imports.
    pub imports: Imports,
    /// The bounds of a call.
    pub limits: Limits,
}

/// A tool, as a reviewer reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolFacts {
    /// The function's name.
    pub name: String,
    /// The most a call may do.
    pub effect: Effect,
    /// When the author wants a person to decide.
    pub confirm: Option<Confirm>,
    /// In order.
    pub params: Vec<ParamFacts>,
    /// Where in the arguments stands whom a call is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// What it returns, as WIT writes it.
    pub result: Option<String>,
    /// The author's words, which agents read.
    pub description: String,
    /// The author's words on parameters, fields, cases and the result (`->`), by path: agents read them too.
    pub words: BTreeMap<String, String>,
}

/// A parameter, as a reviewer reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParamFacts {
    /// As in WIT.
    pub name: String,
    /// As WIT writes it.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it decides who or what is affected.
    pub target: bool,
}

impl Inspection {
    /// The same for a reader who is told why the signature is not believed.
    #[must_use]
    pub fn refused(mut self, why: &str) -> Self {
        self.refused = Some(why.to_owned());
        self
    }
}

/// The facts about a package, with what is known of its signature.
#[must_use]
pub fn facts(package: &Package, signature: Option<&SignatureFacts>) -> Inspection {
    Inspection {
        name: package.name.clone(),
        version: package.version.clone(),
        digest: package.digest,
        size: package.size,
        about: package.about.clone(),
        signature: signature.cloned(),
        refused: None,
        tier: package.tier,
        tools: package.tools.iter().map(|one| tool(one)).collect(),
        asks: asks::of(&package.manifest),
        has_not: has_not(package),
        imports: package.imports.clone(),
        limits: package.limits,
    }
}

fn tool(tool: &Tool) -> ToolFacts {
    let params = tool.params.iter().map(|param| ParamFacts {
        name: param.name.to_string(),
        ty: param.ty.to_string(),
        target: tool.targets.iter().any(|target| **target == *param.name),
    });
    ToolFacts {
        name: tool.name.clone(),
        effect: tool.effect,
        confirm: tool.confirm.clone(),
        params: params.collect(),
        subjects: tool.subjects.clone(),
        result: tool.result.as_ref().map(ToString::to_string),
        description: tool.description.clone(),
        words: descriptions(tool),
    }
}

/// Sockets and the environment are never had; they are said because people ask.
fn has_not(package: &Package) -> Vec<&'static str> {
    let kinds = Kind::ALL.into_iter().filter(|kind| match kind {
        Kind::Bus => package.manifest.bus.is_empty(),
        _ => !kind.is_declared(&package.manifest),
    });
    kinds.map(plain).chain(["sockets", "environment"]).collect()
}

fn plain(kind: Kind) -> &'static str {
    match kind {
        Kind::Http => "hosts",
        Kind::Settings => "settings",
        Kind::Files => "files",
        Kind::State => "state",
        Kind::Sql => "databases",
        Kind::Prompts => "models",
        Kind::Skills => "other skills",
        Kind::Upstream => "upstream tools",
        Kind::Bus => "channels",
    }
}

#[cfg(test)]
mod tests;
