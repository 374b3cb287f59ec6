//! Functions, declarations and words to tools: the same way when packing and when reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use crate::condition::{self, Condition};
use crate::manifest::{Manifest, ToolDeclaration, ToolEntry};
use crate::name::SkillName;
use crate::schema;
use crate::tool::Tool;
use crate::value::canonical;
use crate::wit::docs::{self, Docs};
use crate::wit::{Exported, NotData, Signature};
use crate::words;

/// Longest name that agents' hosts take for a tool.
pub const MAX_TOOL_NAME: usize = 48;
/// Most words on one thing.
const MAX_WORDS: usize = 8 << 10;

/// Why functions, manifest and words do not make tools.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// An export that the manifest says nothing of.
    #[error(
        "the component exports `{export}`, which skill.toml does not name; add `[tools.{function}]` with its `effect`, \
         or `{function} = false` under `[tools]` to hide it"
    )]
    Unnamed {
        /// Where it is exported.
        export: String,
        /// Its name.
        function: String,
    },
    /// A tool that is not exported.
    #[error("skill.toml names `[tools.{0}]`, but the component exports no such function")]
    NotExported(String),
    /// Two functions of one name.
    #[error("`{first}` and `{second}` have one name; the functions of a skill need different ones")]
    Repeated {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A function that takes or returns what is no data.
    #[error(transparent)]
    NotData(#[from] NotData),
    /// A target that is no parameter.
    #[error("`{target}` in the `targets` of `[tools.{tool}]` is not a parameter; it has {params}")]
    Target {
        /// Which tool.
        tool: String,
        /// The target.
        target: String,
        /// The parameters that there are.
        params: String,
    },
    /// A subject that no call could name.
    #[error("`{path}` in the `subjects` of `[tools.{tool}]`: {why}")]
    Subject {
        /// Which tool.
        tool: String,
        /// Where the subject would stand.
        path: String,
        /// What does not fit.
        why: String,
    },
    /// A condition that no call could be held against.
    #[error("`when` of `confirm` of `[tools.{tool}]`: {why}")]
    Condition {
        /// Which tool.
        tool: String,
        /// What does not fit.
        why: String,
    },
    /// A name that agents' hosts would refuse.
    #[error(
        "`{name}` is no name for a tool: want letters, digits, `_` and `-`, at most 48, and it has {length}"
    )]
    Name {
        /// `SKILL_FUNCTION`
        name: String,
        /// Its length.
        length: usize,
    },
    /// Words about nothing.
    #[error("the words on `{path}` of tool `{tool}` are about nothing that the component has")]
    Docs {
        /// Which tool.
        tool: String,
        /// Where they would be.
        path: String,
    },
    /// Words that cannot be shown.
    #[error("the words on `{place}`: {why}")]
    Words {
        /// What they are about.
        place: String,
        /// Why not.
        why: String,
    },
    /// Nothing for an agent to call, and nothing for a channel to start.
    #[error("the component exports no function that could be a tool")]
    NoTools,
}

/// The tools of skill `name`, in the order that the component exports them.
pub(crate) fn tools(
    name: &SkillName,
    exported: Vec<Exported>,
    manifest: &Manifest,
    docs: &Docs,
) -> Result<Vec<Arc<Tool>>, ToolError> {
    unique(&exported)?;
    all_exported(&exported, manifest)?;
    known_words(manifest, docs)?;
    let mut tools = Vec::new();
    for Exported { export, signature } in exported {
        let entry = manifest
            .tools
            .get(&export.function)
            .ok_or_else(|| ToolError::Unnamed {
                export: export.to_string(),
                function: export.function.clone(),
            })?;
        if let ToolEntry::Tool(declaration) = entry {
            let words = docs
                .tools
                .get(&export.function)
                .cloned()
                .unwrap_or_default();
            let signature = with_words(&export.function, signature?, words.parts)?;
            named(name, &export.function)?;
            targets(&export.function, declaration, &signature)?;
            condition(&export.function, declaration, &signature)?;
            subjects(&export.function, declaration, &signature)?;
            let tool = tool(export, signature, declaration.clone(), words.about);
            tools.push(Arc::new(tool));
        }
    }
    if tools.is_empty() && manifest.bus.subscribe.is_empty() {
        return Err(ToolError::NoTools);
    }
    Ok(tools)
}

fn tool(
    export: crate::tool::Export,
    signature: Signature,
    declaration: ToolDeclaration,
    description: String,
) -> Tool {
    let ToolDeclaration {
        effect,
        targets,
        subjects,
        confirm,
    } = declaration;
    Tool {
        name: export.function.clone(),
        export,
        effect,
        targets,
        subjects,
        confirm,
        description,
        wraps_result: schema::wraps(signature.result.as_ref()),
        params: signature.params,
        result: signature.result,
        result_docs: signature.result_docs,
    }
}

fn unique(exported: &[Exported]) -> Result<(), ToolError> {
    let mut seen = BTreeMap::new();
    for Exported { export, .. } in exported {
        if let Some(first) = seen.insert(&export.function, export) {
            let (first, second) = (first.to_string(), export.to_string());
            return Err(ToolError::Repeated { first, second });
        }
    }
    Ok(())
}

fn all_exported(exported: &[Exported], manifest: &Manifest) -> Result<(), ToolError> {
    let names: BTreeSet<_> = exported
        .iter()
        .map(|exported| &exported.export.function)
        .collect();
    match manifest.tools.keys().find(|tool| !names.contains(tool)) {
        Some(tool) => Err(ToolError::NotExported(tool.clone())),
        None => Ok(()),
    }
}

/// Every word is about a tool, can be shown, and is short enough to be read.
fn known_words(manifest: &Manifest, docs: &Docs) -> Result<(), ToolError> {
    readable("the skill", &docs.about)?;
    for (tool, words) in &docs.tools {
        if !matches!(manifest.tools.get(tool), Some(ToolEntry::Tool(_))) {
            return Err(ToolError::Docs {
                tool: tool.clone(),
                path: String::new(),
            });
        }
        readable(tool, &words.about)?;
        words
            .parts
            .iter()
            .try_for_each(|(path, text)| readable(&format!("{tool} {path}"), text))?;
    }
    Ok(())
}

fn readable(place: &str, text: &str) -> Result<(), ToolError> {
    let too_long = (text.len() > MAX_WORDS).then(|| {
        format!(
            "they have {} bytes, at most {MAX_WORDS} are shown",
            text.len()
        )
    });
    match too_long.or_else(|| words::problem(text)) {
        Some(why) => Err(ToolError::Words {
            place: place.to_owned(),
            why,
        }),
        None => Ok(()),
    }
}

fn with_words(
    tool: &str,
    mut signature: Signature,
    parts: BTreeMap<String, String>,
) -> Result<Signature, ToolError> {
    docs::lay(&mut signature, parts).map_err(|path| ToolError::Docs {
        tool: tool.to_owned(),
        path,
    })?;
    Ok(signature)
}

/// The name under which agents call a tool: `SKILL_FUNCTION`.
#[must_use]
pub fn tool_name(skill: &str, function: &str) -> String {
    format!("{skill}_{function}")
}

/// Whether a tool could be called `name`: at most [`MAX_TOOL_NAME`] of `[A-Za-z0-9_-]`.
#[must_use]
pub fn is_tool_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    name.len() <= MAX_TOOL_NAME && name.bytes().all(plain)
}

fn named(skill: &SkillName, function: &str) -> Result<(), ToolError> {
    let name = tool_name(skill.name(), function);
    if is_tool_name(&name) {
        return Ok(());
    }
    let length = name.len();
    Err(ToolError::Name { name, length })
}

fn targets(
    tool: &str,
    declaration: &ToolDeclaration,
    signature: &Signature,
) -> Result<(), ToolError> {
    let is_param = |target: &String| signature.params.iter().any(|param| *param.name == **target);
    let Some(target) = declaration.targets.iter().find(|target| !is_param(target)) else {
        return Ok(());
    };
    let params: Vec<_> = signature
        .params
        .iter()
        .map(|param| format!("`{}`", param.name))
        .collect();
    let params = if params.is_empty() {
        "none".to_owned()
    } else {
        params.join(", ")
    };
    Err(ToolError::Target {
        tool: tool.to_owned(),
        target: target.clone(),
        params,
    })
}

/// A condition that can't be read, or is about what is not there, would ask each time whatever it says.
fn condition(
    tool: &str,
    declaration: &ToolDeclaration,
    signature: &Signature,
) -> Result<(), ToolError> {
    let confirm = declaration.confirm.as_ref();
    let Some(when) = confirm.and_then(|confirm| confirm.when.as_ref()) else {
        return Ok(());
    };
    let fits = when.parse::<Condition>().and_then(|condition| {
        let fits = condition.fits(&signature.params);
        fits.map_err(|problem| format!("`{condition}` does not fit: {problem}"))
    });
    fits.map_err(|why| ToolError::Condition {
        tool: tool.to_owned(),
        why,
    })
}

/// What is sealed for nobody could not be erased for anybody.
fn subjects(
    tool: &str,
    declaration: &ToolDeclaration,
    signature: &Signature,
) -> Result<(), ToolError> {
    declaration.subjects.iter().try_for_each(|path| {
        condition::names_somebody(path, &signature.params).map_err(|why| ToolError::Subject {
            tool: tool.to_owned(),
            path: path.clone(),
            why,
        })
    })
}

impl ToolError {
    /// The keys of `skill.toml` that lead to what it is about; none where that stands elsewhere.
    pub(crate) fn keys(&self) -> Vec<&str> {
        match self {
            Self::NotExported(tool) => vec!["tools", tool],
            Self::Target { tool, .. } => vec!["tools", tool, "targets"],
            Self::Subject { tool, .. } => vec!["tools", tool, "subjects"],
            Self::Condition { tool, .. } => vec!["tools", tool, "confirm"],
            _ => vec![],
        }
    }
}

#[derive(Serialize)]
struct Schemas<'a> {
    format: u32,
    tools: BTreeMap<&'a str, ToolSchemas>,
}

#[derive(Serialize)]
struct ToolSchemas {
    input: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Json>,
}

/// The schemas as a package carries them: canonical JSON.
pub(crate) fn embed_schemas(tools: &[Arc<Tool>]) -> Vec<u8> {
    let schemas = tools.iter().map(|tool| {
        let schemas = ToolSchemas {
            input: tool.input_schema(),
            output: tool.output_schema(),
        };
        (tool.name.as_str(), schemas)
    });
    let schemas = Schemas {
        format: schema::FORMAT,
        tools: schemas.collect(),
    };
    // Maps with string keys always serialise.
    serde_json::to_value(schemas)
        .map(|json| canonical(&json))
        .unwrap_or_default()
}
