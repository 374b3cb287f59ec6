//! Arguments for a tool from the command line or a file.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value as Json};
use vouchsafe_ambient::files;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_package::value::{Caps, parse_strict};

/// The largest input, in bytes.
const MAX_INPUT: u64 = 8 << 20;

/// The JSON document in `path`, or on standard input for `-`. Duplicate keys are refused.
///
/// # Errors
/// When it can't be read or isn't strict JSON.
pub(crate) fn json_file(path: &Path) -> anyhow::Result<Json> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().take(MAX_INPUT).read_to_end(&mut bytes)?;
        bytes
    } else {
        files::read_file_or_pipe(path, MAX_INPUT)?
    };
    let parsed = parse_strict(&bytes, &Caps::default());
    Ok(parsed.map_err(|error| Failure::usage(format!("`{}`: {error}", path.display())))?)
}

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// Those that are JSON already.
    pub(crate) json: Json,
    /// Those that mean what the tool's types make of them.
    pub(crate) words: BTreeMap<String, String>,
}

impl Arguments {
    /// All of them from one JSON document, as [`json_file`] reads it.
    ///
    /// # Errors
    /// As [`json_file`].
    pub(crate) fn from_file(path: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            json: json_file(path)?,
            ..Self::default()
        })
    }

    /// `name=word`, `name=@FILE` for what a file holds, and `name:=JSON`.
    ///
    /// # Errors
    /// For a pair without `=`, a name given twice, what is not strict JSON, or a file that can't be read.
    pub(crate) fn from_pairs(pairs: &[String]) -> anyhow::Result<Self> {
        let (mut json, mut words) = (Map::new(), BTreeMap::new());
        for pair in pairs {
            let (name, word) = pair.split_once('=').ok_or_else(|| {
                Failure::usage(format!("`{pair}` is not `name=value`"))
                    .with_fix("give text or JSON as `name=value`, a file's text as `name=@FILE`, JSON as `name:=JSON`")
            })?;
            let plain = name.strip_suffix(':');
            let name = plain.unwrap_or(name).to_owned();
            if json.contains_key(&name) || words.contains_key(&name) {
                return Err(Failure::usage(format!("`{name}` is given twice")).into());
            }
            if plain.is_some() {
                let value = parse_strict(word.as_bytes(), &Caps::default())
                    .map_err(|error| Failure::usage(format!("`{name}` is not JSON: {error}")))?;
                json.insert(name, value);
            } else {
                words.insert(name, text(word)?);
            }
        }
        Ok(Self {
            json: Json::Object(json),
            words,
        })
    }
}

/// The word itself, or for `@FILE` what stands in the file.
fn text(word: &str) -> anyhow::Result<String> {
    let Some(path) = word.strip_prefix('@') else {
        return Ok(word.to_owned());
    };
    let bytes = files::read_file_or_pipe(Path::new(path), MAX_INPUT)?;
    String::from_utf8(bytes).with_context(|| format!("`{path}` is not UTF-8"))
}
