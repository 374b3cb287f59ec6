//! A tool as its server describes it: what is pinned of it, by which digest, and how two descriptions differ.

use std::fmt;

use serde_json::{Map, Value as Json};
use vouchsafe_package::Digest;
use vouchsafe_package::value::{Caps, canonical, parse_strict};
use vouchsafe_package::words::is_unseen;

/// What a description consists of (MCP 2025-11-25, `Tool`): all that a model or a person is told, and all that arguments
/// and results are held to. `icons`, `_meta` and `execution` say nothing to either.
const PINNED: [&str; 6] = [
    "name",
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
];

/// The most of one description, as JSON.
const MOST_BYTES: usize = 256 << 10;
/// The most differences that are told; the digest says that there are more.
const MOST_DIFFERENCES: usize = 200;

/// A tool as its server lists it, as far as that is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    name: String,
    pinned: Map<String, Json>,
}

/// Why what a server lists is no tool that can be pinned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATool {
    /// It has no name, or one that the protocol does not know.
    #[error("it has no name of letters, digits and `-._/`, at most 128")]
    Name,
    /// It does not say what its arguments are.
    #[error("its `inputSchema` is no object")]
    Schema,
    /// Two descriptions could have its digest, or it is too long to be read.
    #[error("it can't be pinned: {0}")]
    Unpinned(String),
}

/// One place at which two descriptions differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where, as a JSON Pointer (RFC 6901).
    pub at: String,
    /// What stood there.
    pub was: Option<Json>,
    /// What stands there.
    pub is: Option<Json>,
}

/// Whether `name` is what a server may call a tool, and shows as what it is.
#[must_use]
pub fn is_tool_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    !name.is_empty() && name.len() <= 128 && name.bytes().all(plain)
}

impl Definition {
    /// Reads one entry of what a server lists.
    ///
    /// # Errors
    /// [`NotATool`].
    pub fn of(listed: &Json) -> Result<Self, NotATool> {
        let name = listed.get("name").and_then(Json::as_str);
        let name = name.filter(|name| is_tool_name(name));
        let name = name.ok_or(NotATool::Name)?.to_owned();
        if !listed.get("inputSchema").is_some_and(Json::is_object) {
            return Err(NotATool::Schema);
        }
        let present = PINNED
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), listed.get(key)?.clone())));
        let pinned: Map<String, Json> = present.collect();
        let written = Json::Object(pinned.clone()).to_string();
        let caps = Caps {
            bytes: MOST_BYTES,
            ..Caps::default()
        };
        // An integer that a double does not keep would share its canonical form with a text.
        parse_strict(written.as_bytes(), &caps)
            .map_err(|error| NotATool::Unpinned(error.to_string()))?;
        Ok(Self { name, pinned })
    }

    /// What the server calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its arguments are held to.
    #[must_use]
    pub fn input_schema(&self) -> &Json {
        self.pinned.get("inputSchema").unwrap_or(&Json::Null)
    }

    /// What its structured results are held to, if it says.
    #[must_use]
    pub fn output_schema(&self) -> Option<&Json> {
        self.pinned.get("outputSchema")
    }

    /// What is pinned (RFC 8785).
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        canonical(&Json::Object(self.pinned.clone()))
    }

    /// Its digest: of [`Definition::canonical`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }

    /// Where this differs from what `was`, in the order of the keys; all of it if nothing was.
    #[must_use]
    pub fn since(&self, was: Option<&Self>) -> Vec<Difference> {
        let (mut found, nothing) = (Vec::new(), Map::new());
        let was = was.map_or(&nothing, |was| &was.pinned);
        objects(String::new(), was, &self.pinned, &mut found);
        found
    }
}

fn objects(
    at: String,
    was: &Map<String, Json>,
    is: &Map<String, Json>,
    found: &mut Vec<Difference>,
) {
    let added = is.keys().filter(|key| !was.contains_key(*key));
    for key in was.keys().chain(added) {
        let below = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        values(below, was.get(key), is.get(key), found);
    }
}

fn values(at: String, was: Option<&Json>, is: Option<&Json>, found: &mut Vec<Difference>) {
    match (was, is) {
        _ if was == is || found.len() >= MOST_DIFFERENCES => {}
        (Some(Json::Object(was)), Some(Json::Object(is))) => objects(at, was, is, found),
        (Some(Json::Array(was)), Some(Json::Array(is))) => {
            for index in 0..was.len().max(is.len()) {
                values(
                    format!("{at}/{index}"),
                    was.get(index),
                    is.get(index),
                    found,
                );
            }
        }
        _ => found.push(Difference {
            at,
            was: was.cloned(),
            is: is.cloned(),
        }),
    }
}

/// In one line or two, with escapes for all that is not seen as it is: what a server writes is shown to a person who
/// decides on it.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        for (sign, value) in [("-", &self.was), ("+", &self.is)] {
            if let Some(value) = value {
                lines.push(format!(
                    "{sign} {}: {}",
                    seen(&self.at),
                    seen(&value.to_string())
                ));
            }
        }
        f.write_str(&lines.join("\n"))
    }
}

fn seen(text: &str) -> String {
    let escaped = |c: char| match is_unseen(c) || c == '\n' || c == '\t' {
        true => c.escape_unicode().collect(),
        false => c.to_string(),
    };
    text.chars().map(escaped).collect()
}
