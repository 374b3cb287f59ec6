//! Packing: a component, its `skill.toml` and its WIT become one file that says what it is.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use wasm_encoder::{CustomSection, Encode as _, Section as _};

use crate::assemble::{self, ToolError};
use crate::credentials::{self, Credential};
use crate::imports::ImportError;
use crate::manifest::{Manifest, ManifestError, ToolEntry, lines};
use crate::package::{Outside, Package, ReadError, embed_docs};
use crate::package_id::PackageId;
use crate::reader::{self, Raw, ReadLimits, ReaderError};
use crate::tool::Tool;
use crate::wit::binary;
use crate::wit::docs::{self, Docs, ToolDocs};
use crate::wit::source::{Declared, File, Source, SourceError};
use crate::wit::{Exported, NotData};

/// What is packed.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The component as it was built.
    pub component: Vec<u8>,
    /// The text of `skill.toml`.
    pub manifest: String,
    /// The skill's WIT files and those of every package they name, each with its path; files of
    /// other packages stand under a folder called `deps`. Empty for a component without WIT, whose
    /// manifest then says `package = "namespace:name@version"`.
    pub wit: Vec<File>,
}

/// Why something is not packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The component is none that is read.
    #[error(transparent)]
    Component(#[from] ReaderError),
    /// The component has our sections already.
    #[error("this component is packed already; pack the one that the compiler wrote")]
    Packed,
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The WIT text.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Both say which skill it is.
    #[error("skill.toml says `package`, and so does the WIT; take it out of skill.toml")]
    TwoIdentities,
    /// Neither says which skill it is.
    #[error(
        "nothing says which skill this is; give its WIT files, or `package = \"namespace:name@1.0.0\"` in skill.toml"
    )]
    NoIdentity,
    /// A tool, or a function that should be one.
    #[error("{}{error}", Place(*line))]
    Tool {
        /// Of `skill.toml`, counted from one, where it is known.
        line: Option<usize>,
        /// What is wrong.
        error: ToolError,
    },
    /// The WIT given is not what the component was built from.
    #[error(
        "{place}: `{function}` is `{wit}` in WIT and `{binary}` in the component; build again, or give the WIT it was built from"
    )]
    OtherTypes {
        /// File and line.
        place: String,
        /// Which function.
        function: String,
        /// As WIT has it.
        wit: String,
        /// As the component has it.
        binary: String,
    },
    /// The WIT given does not have an export of the component.
    #[error(
        "the component exports `{0}`, and the world in the WIT does not; build again, or give the WIT it was built from"
    )]
    NotInWit(String),
    /// The component does not have an export of the WIT given.
    #[error(
        "{place}: the world exports `{function}`, and the component does not; build again, or give the WIT it was built from"
    )]
    NotInComponent {
        /// File and line.
        place: String,
        /// Which function.
        function: String,
    },
    /// What it needs from outside.
    #[error("{}{error}", Place(*line))]
    Outside {
        /// Of `skill.toml`, counted from one, where it is known.
        line: Option<usize>,
        /// What is wrong.
        error: ReadError,
    },
    /// A credential.
    #[error(transparent)]
    Credential(#[from] Credential),
    /// What was packed cannot be read: a fault of this program.
    #[error("what was packed does not read back: {0}")]
    Unreadable(ReadError),
}

struct Place(Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(line) => write!(f, "skill.toml:{line}: "),
            None => Ok(()),
        }
    }
}

/// Where the table stands that `error` is about.
fn line_of_table(manifest: &str, error: &ReadError) -> Option<usize> {
    let ReadError::Import(ImportError::Unused { table, .. }) = error else {
        return None;
    };
    let keys: Vec<_> = table.split('.').collect();
    lines::find(manifest, &keys)
}

/// Packs a component. The same input gives the same bytes.
pub fn pack(input: Input) -> Result<Vec<u8>, PackError> {
    let limits = ReadLimits::default();
    let Input {
        mut component,
        manifest,
        wit,
    } = input;
    no_credentials(&component, &manifest, &wit)?;
    let appended = {
        // Bytes that no skill may have don't say which line asked for them.
        let raw = reader::read(&component, &limits)
            .map_err(|error| line_of(&manifest, &wit).unwrap_or_else(|| error.into()))?;
        describe(&raw, &manifest, &wit, &limits)?
    };
    component.extend_from_slice(&appended);
    Package::read(&component, &limits).map_err(PackError::Unreadable)?;
    Ok(component)
}

/// The sections that tell what the component is.
fn describe(
    raw: &Raw<'_>,
    manifest: &str,
    wit: &[File],
    limits: &ReadLimits,
) -> Result<Vec<u8>, PackError> {
    if !raw.sections.is_empty() {
        return Err(PackError::Packed);
    }
    let text = manifest;
    let mut manifest = Manifest::parse(text)?;
    let source = if wit.is_empty() {
        None
    } else {
        Some(Source::parse(wit)?)
    };
    let package = identity(&manifest, source.as_ref())?;
    manifest.package = Some(package.clone());
    let exported = binary::exported(raw, limits)?;
    let docs = match &source {
        Some(source) => words(source, &exported, &manifest)?,
        None => Docs::default(),
    };
    let tools = assemble::tools(&package.name, exported, &manifest, &docs);
    let tools = tools.map_err(|error| PackError::Tool {
        line: lines::find(text, &error.keys()),
        error,
    })?;
    Outside::of(raw, &manifest, limits).map_err(|error| PackError::Outside {
        line: line_of_table(text, &error),
        error,
    })?;
    Ok(embed(&manifest, &tools, &docs))
}

fn embed(manifest: &Manifest, tools: &[Arc<Tool>], docs: &Docs) -> Vec<u8> {
    sections(&[
        (reader::MANIFEST_SECTION, &manifest.embed()),
        (reader::SCHEMAS_SECTION, &assemble::embed_schemas(tools)),
        (reader::DOCS_SECTION, &embed_docs(docs)),
    ])
}

/// Custom sections as they stand at the end of a package.
pub(crate) fn sections(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, data) in sections {
        let section = CustomSection {
            name: Cow::Borrowed(name),
            data: Cow::Borrowed(data),
        };
        bytes.push(section.id());
        section.encode(&mut bytes);
    }
    bytes
}

fn identity(manifest: &Manifest, source: Option<&Source>) -> Result<PackageId, PackError> {
    match (&manifest.package, source) {
        (Some(_), Some(_)) => Err(PackError::TwoIdentities),
        (None, Some(source)) => Ok(source.package.clone()),
        (Some(package), None) => Ok(package.clone()),
        (None, None) => Err(PackError::NoIdentity),
    }
}

/// The words of the WIT text on the tools, once it is clear that it is the WIT of this component.
fn words(source: &Source, exported: &[Exported], manifest: &Manifest) -> Result<Docs, PackError> {
    let declared = source.exported();
    for found in exported {
        if !declared
            .iter()
            .any(|declared| declared.exported.export == found.export)
        {
            return Err(PackError::NotInWit(found.export.to_string()));
        }
    }
    let mut docs = Docs {
        about: source.about(),
        ..Docs::default()
    };
    for declared in declared {
        let found = exported
            .iter()
            .find(|found| found.export == declared.exported.export);
        let found = found.ok_or_else(|| PackError::NotInComponent {
            place: declared.place.clone(),
            function: declared.exported.export.to_string(),
        })?;
        let function = &declared.exported.export.function;
        if matches!(manifest.tools.get(function), Some(ToolEntry::Tool(_))) {
            let function = function.clone();
            docs.tools.insert(function, tool_words(declared, found)?);
        }
    }
    Ok(docs)
}

fn tool_words(declared: Declared, found: &Exported) -> Result<ToolDocs, PackError> {
    let Declared {
        exported,
        about,
        place,
    } = declared;
    let mut wit = exported.signature.map_err(not_data)?;
    let binary = found
        .signature
        .as_ref()
        .map_err(|why| not_data(why.clone()))?;
    if !wit.same_shape(binary) {
        return Err(PackError::OtherTypes {
            place,
            function: exported.export.to_string(),
            wit: wit.to_string(),
            binary: binary.to_string(),
        });
    }
    Ok(ToolDocs {
        about,
        parts: docs::take(&mut wit),
    })
}

/// The first tool that the WIT gives what is no data, with its line.
fn line_of(manifest: &str, wit: &[File]) -> Option<PackError> {
    let (manifest, source) = (Manifest::parse(manifest).ok()?, Source::parse(wit).ok()?);
    let is_tool = |declared: &Declared| {
        let function = &declared.exported.export.function;
        matches!(manifest.tools.get(function), Some(ToolEntry::Tool(_)))
    };
    let mut tools = source.exported().into_iter().filter(is_tool);
    tools.find_map(|declared| declared.exported.signature.err().map(not_data))
}

fn not_data(why: NotData) -> PackError {
    PackError::Tool {
        line: None,
        error: ToolError::NotData(why),
    }
}

fn no_credentials(component: &[u8], manifest: &str, wit: &[File]) -> Result<(), Credential> {
    credentials::check_text("skill.toml", manifest)?;
    wit.iter()
        .try_for_each(|file| credentials::check_text(&file.path, &file.text))?;
    credentials::check_binary("the component", component)
}

#[cfg(test)]
mod tests;
