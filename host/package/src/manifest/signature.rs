//! How a request is signed with a key that both sides have: the shape that the author gives it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::prompt::Template;

/// What of a request an HMAC can be made over.
const SLOTS: [&str; 5] = ["method", "host", "target", "timestamp", "body"];

/// An HMAC-SHA256 (RFC 2104) over parts of a request, in one of its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What it is made over: `{timestamp}.{body}`. The body always stands in it.
    pub over: Template,
    /// The header that it goes to, in lower case.
    pub header: String,
    /// What that header says, with `{}` for the signature.
    pub format: String,
    /// How its bytes are written.
    pub encoding: Encoding,
    /// The header that says the time, in seconds since 1970, if it is made over that.
    pub timestamp: Option<String>,
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// In lower case.
    #[default]
    Hex,
    /// With padding (RFC 4648, 4).
    Base64,
}

impl Signature {
    /// Whether its parts go together.
    pub(super) fn check(self) -> Result<Self, String> {
        let has = |name: &str| self.over.slots().any(|slot| slot == name);
        if let Some(other) = self.over.slots().find(|slot| !SLOTS.contains(slot)) {
            let known = SLOTS.map(|slot| format!("`{{{slot}}}`")).join(", ");
            return Err(format!(
                "`hmac` is made over {known}, and not over `{{{other}}}`"
            ));
        }
        if !has("body") {
            return Err(
                "`hmac` must be made over `{body}`, at least: what is not signed can be another"
                    .to_owned(),
            );
        }
        match (has("timestamp"), self.timestamp.as_deref()) {
            (true, None) => Err(
                "`timestamp` must name the header that says the time of `{timestamp}`".to_owned(),
            ),
            (false, Some(_)) => Err("`timestamp` is for an `hmac` over `{timestamp}`".to_owned()),
            (true, Some(name)) if name == self.header => {
                Err("`timestamp` and `header` are two headers".to_owned())
            }
            _ => Ok(self),
        }
    }
}

/// For a person who compares.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (over, format) = (self.over.to_string(), &self.format);
        write!(
            f,
            "an HMAC over {over:?} in `{}` as {format:?} in ",
            self.header
        )?;
        f.write_str(match self.encoding {
            Encoding::Hex => "hex",
            Encoding::Base64 => "base64",
        })?;
        match &self.timestamp {
            Some(name) => write!(f, ", the time in `{name}`"),
            None => Ok(()),
        }
    }
}
