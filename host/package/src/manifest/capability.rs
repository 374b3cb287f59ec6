//! What a manifest can ask for, one type for each kind.

use crate::as_text::serde_as_text;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::prompt::Template;
use super::quantity::ByteSize;
use super::signature::{Encoding, Signature};
use crate::effect::Effect;
use crate::name::is_kebab;

/// `[http.NAME]`: a destination, by the name that the skill uses for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The requests it makes there.
    pub allow: Vec<Route>,
    /// The credential it needs there, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// Where it is, only if the service is one public place. A grant cannot
    /// change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A method and a path pattern: `GET /payments/*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// In upper case.
    pub method: String,
    /// Begins with `/`; a last `*` stands for any rest, a `*` between slashes
    /// for one segment.
    pub path: String,
}

/// Methods that a route can name. `CONNECT` and `TRACE` are no requests for a
/// resource.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl FromStr for Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "`{text}` is not a route such as `GET /payments/*`: {why}"
            ))
        };
        let Some((method, path)) = text.split_once(' ') else {
            return wrong("want a method, a space and a path");
        };
        if !METHODS.contains(&method) {
            return wrong(&format!("the method must be one of {}", METHODS.join(", ")));
        }
        match path_problem(path) {
            Some(why) => wrong(why),
            None => Ok(Self {
                method: method.to_owned(),
                path: path.to_owned(),
            }),
        }
    }
}

fn path_problem(path: &str) -> Option<&'static str> {
    let segments = || path.split('/').skip(1);
    if !path.starts_with('/') {
        return Some("the path must begin with `/`");
    }
    if !path
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/-._~!$&'()+,=:@*".contains(&b))
    {
        return Some(
            "the path must be plain: no `%`, `?`, `#`, `;`, spaces or non-ASCII characters",
        );
    }
    if segments().any(|segment| segment == "." || segment == "..") {
        return Some("the path must be normal: no `.` or `..` segments");
    }
    if path.contains("//") {
        return Some("the path must be normal: no empty segments");
    }
    if segments().any(|segment| segment.contains('*') && segment != "*") {
        return Some("a `*` must be a whole segment");
    }
    None
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

serde_as_text!(Route);

/// The credential that a destination wants: which, and where the host puts it.
/// Never the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AuthTable", into = "AuthTable")]
pub struct Auth {
    /// The skill's name for it; the grant says where it is kept.
    pub secret: String,
    /// Where in the request it goes.
    pub placement: Placement,
    /// Whether `wasi:config` gives a placeholder under the secret's name, for a library that insists on a key.
    pub placeholder: bool,
}

/// Where in a request a credential goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// In a header; `{}` in the format stands for the value.
    Header {
        /// In lower case.
        name: String,
        /// Such as `Bearer {}`.
        format: String,
    },
    /// As the password or the `user:password` of basic authentication.
    Basic,
    /// In the query string, which servers log.
    Query {
        /// The parameter's name.
        name: String,
    },
    /// Nowhere: it signs the request.
    Hmac(Box<Signature>),
    /// Nowhere: it signs the request as the services of AWS, and others like them, want it (Signature Version 4).
    Aws {
        /// What they call the service: `s3`.
        service: String,
    },
    /// Nowhere: a service gives a token for it (RFC 6749, 4.4), which goes into `authorization` as `Bearer`.
    OAuth {
        /// What the token is to be for, in that service's words; may be empty.
        scope: String,
    },
}

impl Placement {
    /// Whether it signs requests, of which all must be known before any is sent.
    #[must_use]
    pub fn signs(&self) -> bool {
        matches!(self, Self::Hmac(_) | Self::Aws { .. })
    }

    /// The headers that are the host's because of it, in lower case; `authorization` always is.
    #[must_use]
    pub fn headers(&self) -> Vec<&str> {
        match self {
            Self::Header { name, .. } => vec![name],
            Self::Hmac(signature) => {
                let timestamp = signature.timestamp.as_deref();
                std::iter::once(&*signature.header)
                    .chain(timestamp)
                    .collect()
            }
            Self::Aws { .. } => vec!["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"],
            Self::Basic | Self::Query { .. } | Self::OAuth { .. } => Vec::new(),
        }
    }

    /// The parameters of the query that are the host's because of it, or that would speak in its place.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        match self {
            Self::Query { name } => vec![name],
            Self::Aws { .. } => vec![
                "x-amz-algorithm",
                "x-amz-credential",
                "x-amz-signature",
                "x-amz-security-token",
            ],
            Self::Header { .. } | Self::Basic | Self::Hmac(_) | Self::OAuth { .. } => Vec::new(),
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthTable {
    secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basic: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hmac: Option<Template>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aws: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oauth: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    placeholder: bool,
}

const WANTED: &str = "`auth` wants `secret` and exactly one of `header` (with `format`), `basic = true`, `query`, `hmac` with `header`, `aws`, `oauth`";

impl TryFrom<AuthTable> for Auth {
    type Error = String;

    fn try_from(table: AuthTable) -> Result<Self, String> {
        let (secret, placeholder) = (table.secret.clone(), table.placeholder);
        let placement = placement(table)?;
        if placeholder && !matches!(placement, Placement::Header { .. }) {
            return Err("`placeholder` is for a credential in a `header`".to_owned());
        }
        Ok(Self {
            secret,
            placement,
            placeholder,
        })
    }
}

fn placement(table: AuthTable) -> Result<Placement, String> {
    let of_header = table.format.is_some();
    let of_hmac = table.encoding.is_some() || table.timestamp.is_some();
    let kinds = [
        table.header.is_some() || table.hmac.is_some(),
        table.basic.is_some(),
        table.query.is_some(),
        table.aws.is_some(),
        table.oauth.is_some(),
    ];
    if kinds.into_iter().filter(|is_there| *is_there).count() != 1 {
        return Err(WANTED.to_owned());
    }
    let format = table.format.unwrap_or_else(|| "{}".to_owned());
    match (table.header, table.hmac) {
        (Some(name), None) if !of_hmac => {
            header(&name, &format)?;
            return Ok(Placement::Header { name, format });
        }
        (Some(name), Some(over)) => {
            header(&name, &format)?;
            table.timestamp.as_deref().map_or(Ok(()), header_name)?;
            let signature = Signature {
                over,
                header: name,
                format,
                encoding: table.encoding.unwrap_or_default(),
                timestamp: table.timestamp,
            };
            return Ok(Placement::Hmac(Box::new(signature.check()?)));
        }
        _ if of_header || of_hmac => return Err(WANTED.to_owned()),
        _ => {}
    }
    match (table.basic, table.query, table.aws, table.oauth) {
        (Some(true), ..) => Ok(Placement::Basic),
        (_, Some(name), ..) if is_token(&name) => Ok(Placement::Query { name }),
        (_, _, Some(service), _) if is_kebab(&service) => Ok(Placement::Aws { service }),
        (.., Some(scope)) if is_scope(&scope) => Ok(Placement::OAuth { scope }),
        _ => Err(WANTED.to_owned()),
    }
}

/// RFC 6749, 3.3, or none.
fn is_scope(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
    let mut words = text.split(' ');
    text.is_empty()
        || text.len() <= 1000 && words.all(|word| !word.is_empty() && word.bytes().all(plain))
}

fn header_name(name: &str) -> Result<(), String> {
    match is_token(name) && !name.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Ok(()),
        false => Err(format!("`{name}` is not a header's name in lower case")),
    }
}

fn header(name: &str, format: &str) -> Result<(), String> {
    header_name(name)?;
    let plain = format.bytes().all(|b| (b' '..=b'~').contains(&b));
    if !plain || format.matches("{}").count() != 1 || format.len() > 200 {
        return Err(format!(
            "`{format}` must be plain text with `{{}}` once, where the value goes"
        ));
    }
    Ok(())
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl From<Auth> for AuthTable {
    fn from(auth: Auth) -> Self {
        let mut table = Self {
            secret: auth.secret,
            header: None,
            format: None,
            basic: None,
            query: None,
            hmac: None,
            encoding: None,
            timestamp: None,
            aws: None,
            oauth: None,
            placeholder: auth.placeholder,
        };
        match auth.placement {
            Placement::Header { name, format } => {
                table.header = Some(name);
                table.format = Some(format);
            }
            Placement::Basic => table.basic = Some(true),
            Placement::Query { name } => table.query = Some(name),
            Placement::Hmac(signature) => {
                table.hmac = Some(signature.over);
                table.header = Some(signature.header);
                table.format = Some(signature.format);
                table.encoding = Some(signature.encoding);
                table.timestamp = signature.timestamp;
            }
            Placement::Aws { service } => table.aws = Some(service),
            Placement::OAuth { scope } => table.oauth = Some(scope),
        }
        table
    }
}

/// `[settings.NAME]`: a value that the operator sets, read over
/// `wasi:config`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Used when the grant sets none; without it the grant must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// `[files.NAME]`: a folder that the operator opens to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// What it does there.
    pub access: Access,
}

/// What a skill does in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Reads.
    Read,
    /// Reads and changes.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

/// `[state.NAME]`: a bucket of `wasi:keyvalue`, its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The most it keeps there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<ByteSize>,
}

/// `[sql.DATABASE.NAME]`: a prepared statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The statement, with `?` or `$1` for its parameters.
    pub text: String,
    /// The most it may do.
    pub effect: Effect,
}

/// `[skills."namespace:name/interface"]`: another skill that it calls.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillUse {}

/// `[upstream.NAME]`: a tool of an external MCP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// What the server calls it.
    pub tool: String,
    /// The most that a call of it may do.
    pub effect: Effect,
}

/// `[bus]`: channels, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// Channels that it puts messages on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<String>,
    /// Channels whose messages start it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscribe: Vec<String>,
}

impl Bus {
    /// Whether no channel is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.publish.is_empty() && self.subscribe.is_empty()
    }
}
