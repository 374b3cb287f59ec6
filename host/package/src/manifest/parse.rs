//! From text to a manifest that makes sense, and to the form that a package carries.

use serde::{Deserialize, Serialize};

use super::{Manifest, check, lines};
use crate::value::canonical;

/// Longest source text.
pub(super) const MAX_BYTES: usize = 256 << 10;
/// The version of the embedded form.
pub(super) const FORMAT: u32 = 1;

/// Why a text is no manifest. Ends with what would mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not TOML, has a key or value that the format does not know, or makes no sense.
    #[error("skill.toml{}: {what}", Line(*line))]
    Wrong {
        /// Counted from one, if the place was found.
        line: Option<usize>,
        /// What is wrong.
        what: String,
    },
    /// The embedded form is not what `pack` writes.
    #[error("the manifest in the package is not as `pack` writes it: {0}")]
    Embedded(String),
}

struct Line(Option<usize>);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Embedded {
    format: u32,
    manifest: Manifest,
}

impl Manifest {
    /// Reads `skill.toml`. Every key, value and name is checked; an error names the line.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MAX_BYTES {
            let what = format!("it has {} bytes, at most {MAX_BYTES} are read", text.len());
            return Err(ManifestError::Wrong { line: None, what });
        }
        let manifest: Self = toml::from_str(text).map_err(|error| ManifestError::Wrong {
            line: error.span().map(|span| lines::of(text, span.start)),
            what: error.message().to_owned(),
        })?;
        check::check(&manifest).map_err(|wrong| {
            let line = lines::find(text, &wrong.path);
            ManifestError::Wrong {
                line,
                what: wrong.what,
            }
        })?;
        Ok(manifest)
    }

    /// The form that a package carries: canonical JSON with its format's version.
    #[must_use]
    pub fn embed(&self) -> Vec<u8> {
        let embedded = Embedded {
            format: FORMAT,
            manifest: self.clone(),
        };
        // Strings, integers and maps with string keys always serialise.
        serde_json::to_value(embedded)
            .map(|json| canonical(&json))
            .unwrap_or_default()
    }

    /// Reads the form that a package carries. There is one such form for each manifest, so that
    /// nothing can hide in another spelling.
    pub fn from_embedded(bytes: &[u8]) -> Result<Self, ManifestError> {
        let wrong = |why: String| ManifestError::Embedded(why);
        let Embedded { format, manifest } =
            serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if format != FORMAT {
            return Err(wrong(format!(
                "format {format}, this version reads {FORMAT}"
            )));
        }
        check::check(&manifest).map_err(|why| wrong(why.what))?;
        if manifest.embed() != bytes {
            return Err(wrong("it is not canonical".to_owned()));
        }
        Ok(manifest)
    }
}
