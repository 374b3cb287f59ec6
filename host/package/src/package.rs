//! A package: a component together with what its author says of it, read and found consistent.
//! Who signed it is not known here.

use std::sync::Arc;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::assemble::{self, ToolError};
use crate::credentials::{self, Credential};
use crate::digest::Digest;
use crate::imports::{self, ImportError, Imports};
use crate::limits::Limits;
use crate::manifest::{Manifest, ManifestError};
use crate::name::SkillName;
use crate::reader::{self, Raw, ReadLimits, ReaderError};
use crate::tier::Tier;
use crate::tool::Tool;
use crate::value::canonical;
use crate::wit::binary;
use crate::wit::docs::{self, Docs};
use crate::wit::{Exported, Imported, NotData, Provided};

pub mod mark;

/// A skill as its bytes describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Of the whole file.
    pub digest: Digest,
    /// Which skill.
    pub name: SkillName,
    /// Which version of it.
    pub version: Version,
    /// What it is for, in the author's words.
    pub about: String,
    /// What it declares.
    pub manifest: Manifest,
    /// What agents can call, in the order that the component exports it.
    pub tools: Vec<Arc<Tool>>,
    /// What it imports.
    pub imports: Imports,
    /// The functions that it imports of other skills, to compare with what provides them.
    pub skills: Vec<Imported>,
    /// How far it reaches.
    pub tier: Tier,
    /// The bounds of a call, before any grant lowers them.
    pub limits: Limits,
    /// Of the whole file, in bytes.
    pub size: u64,
    /// Of everything but our sections: equal where only words or declarations changed.
    pub code: Digest,
}

/// Why bytes are no package. None of them was run or compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is no component that is read.
    #[error(transparent)]
    Component(#[from] ReaderError),
    /// It has none of the sections that make a component a package.
    #[error("this component is not packed; run `vouchsafe pack`")]
    NotPacked,
    /// It has some of the sections only.
    #[error("the package has no section `{0}`")]
    MissingSection(&'static str),
    /// Its manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its manifest names no skill.
    #[error("the manifest in the package does not say which skill it is")]
    NoIdentity,
    /// Its words are not in the form that `pack` writes.
    #[error("the section `vouchsafe:docs` is not as `pack` writes it: {0}")]
    Docs(String),
    /// Its functions.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The schemas in it are not those of its functions.
    #[error(
        "the schemas in the package are not those of its functions: they were changed after packing"
    )]
    Schemas,
    /// Its imports.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// What it calls of another skill takes or returns what is no data.
    #[error("it imports what no skill can provide: {0}")]
    Skill(#[from] NotData),
    /// It starts with more memory than it may use.
    #[error(
        "it starts with {initial} bytes of memory, and its limit is {limit}; raise `memory` under `[limits]`"
    )]
    Memory {
        /// What its modules ask for.
        initial: u64,
        /// What its manifest allows.
        limit: u64,
    },
    /// There is a credential in it.
    #[error(transparent)]
    Credential(#[from] Credential),
}

impl Package {
    /// Reads a package. Bytes that are hostile are refused in bounded time, and nothing of them is
    /// run or compiled.
    ///
    /// What it promises: the manifest is in its one form; the schemas and words are those of the
    /// functions that the binary exports; imports and declarations agree both ways.
    pub fn read(bytes: &[u8], limits: &ReadLimits) -> Result<Self, ReadError> {
        Self::read_as(Digest::of(bytes), bytes, limits)
    }

    /// As [`Package::read`] of `bytes` whose digest is known.
    pub(crate) fn read_as(
        digest: Digest,
        bytes: &[u8],
        limits: &ReadLimits,
    ) -> Result<Self, ReadError> {
        let raw = reader::read(bytes, limits)?;
        let parts = Parts::of(&raw)?;
        let manifest = Manifest::from_embedded(parts.manifest)?;
        let docs = words(parts.docs)?;
        let package = manifest.package.clone().ok_or(ReadError::NoIdentity)?;
        let exported = binary::exported(&raw, limits)?;
        let tools = assemble::tools(&package.name, exported, &manifest, &docs)?;
        if assemble::embed_schemas(&tools) != parts.schemas {
            return Err(ReadError::Schemas);
        }
        credentials::check_text("the manifest", &String::from_utf8_lossy(parts.manifest))?;
        let outside = Outside::of(&raw, &manifest, limits)?;
        Ok(Self {
            digest,
            name: package.name,
            version: package.version,
            about: docs.about,
            tools,
            tier: imports::tier(&manifest),
            limits: manifest.limits(),
            imports: outside.imports,
            skills: outside.skills,
            manifest,
            size: bytes.len() as u64,
            code: code_digest(bytes, &parts),
        })
    }

    /// The tool called `name` in WIT.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

/// What a component needs from outside, checked against its manifest.
pub(crate) struct Outside {
    pub(crate) imports: Imports,
    pub(crate) skills: Vec<Imported>,
}

impl Outside {
    pub(crate) fn of(
        raw: &Raw<'_>,
        manifest: &Manifest,
        limits: &ReadLimits,
    ) -> Result<Self, ReadError> {
        let imports = imports::check(raw, manifest)?;
        let mut skills = Vec::new();
        for name in &imports.skills {
            let functions = binary::imported(raw, name, limits)?.into_iter();
            skills.push(Imported {
                interface: name.clone(),
                functions: functions.map(provided).collect::<Result<_, _>>()?,
            });
        }
        let (initial, limit) = (raw.initial_memory, manifest.limits().memory_bytes);
        if initial > limit {
            return Err(ReadError::Memory { initial, limit });
        }
        Ok(Self { imports, skills })
    }
}

fn provided(Exported { export, signature }: Exported) -> Result<Provided, NotData> {
    let signature = signature?;
    Ok(Provided { export, signature })
}

/// The sections that make a component a package.
struct Parts<'a> {
    manifest: &'a [u8],
    schemas: &'a [u8],
    docs: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(raw: &Raw<'a>) -> Result<Self, ReadError> {
        if raw.sections.is_empty() {
            return Err(ReadError::NotPacked);
        }
        let missing = ReadError::MissingSection;
        Ok(Self {
            manifest: raw
                .sections
                .manifest
                .ok_or(missing(reader::MANIFEST_SECTION))?,
            schemas: raw
                .sections
                .schemas
                .ok_or(missing(reader::SCHEMAS_SECTION))?,
            docs: raw.sections.docs.ok_or(missing(reader::DOCS_SECTION))?,
        })
    }
}

fn words(bytes: &[u8]) -> Result<Docs, ReadError> {
    let wrong = |why: &str| ReadError::Docs(why.to_owned());
    let read: Docs = serde_json::from_slice(bytes).map_err(|error| wrong(&error.to_string()))?;
    if read.format != docs::FORMAT {
        return Err(wrong(&format!(
            "format {}, this version reads {}",
            read.format,
            docs::FORMAT
        )));
    }
    if embed_docs(&read) != bytes {
        return Err(wrong("it is not canonical"));
    }
    Ok(read)
}

/// The words as a package carries them: canonical JSON.
pub(crate) fn embed_docs(docs: &Docs) -> Vec<u8> {
    // Strings and maps with string keys always serialise.
    serde_json::to_value(docs)
        .map(|json| canonical(&json))
        .unwrap_or_default()
}

/// `pack` appends our sections, so the code is what stands before them. Where somebody put them
/// elsewhere, the digest is of other bytes, and `diff` says that the code changed: the safe side.
fn code_digest(bytes: &[u8], parts: &Parts<'_>) -> Digest {
    let tail = [
        (reader::MANIFEST_SECTION, parts.manifest),
        (reader::SCHEMAS_SECTION, parts.schemas),
        (reader::DOCS_SECTION, parts.docs),
    ];
    let appended = crate::pack::sections(&tail);
    Digest::of(bytes.strip_suffix(appended.as_slice()).unwrap_or(bytes))
}

#[cfg(test)]
mod tests;
