//! Arguments for a tool from the command line or a file.

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
    parse_strict(&bytes, &Caps::default()).with_context(|| format!("`{}`", path.display()))
}

/// `name=value` pairs as an object. A value that is JSON is taken as such, `@FILE` is the file's
/// text, anything else is text.
///
/// # Errors
/// For a pair without `=`, a name given twice, or a file that can't be read.
pub(crate) fn pairs(arguments: &[String]) -> anyhow::Result<Json> {
    let mut object = Map::new();
    for argument in arguments {
        let (name, text) = argument
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("`{argument}` is not `name=value`")))?;
        if object.insert(name.to_owned(), value(text)?).is_some() {
            return Err(Failure::usage(format!("`{name}` is given twice")).into());
        }
    }
    Ok(Json::Object(object))
}

fn value(text: &str) -> anyhow::Result<Json> {
    if let Some(path) = text.strip_prefix('@') {
        let bytes = files::read_file_or_pipe(Path::new(path), MAX_INPUT)?;
        let text = String::from_utf8(bytes).with_context(|| format!("`{path}` is not UTF-8"))?;
        return Ok(Json::String(text));
    }
    let parsed = parse_strict(text.as_bytes(), &Caps::default());
    Ok(parsed.unwrap_or_else(|_| Json::String(text.to_owned())))
}
