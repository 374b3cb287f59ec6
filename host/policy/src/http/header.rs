//! Which headers a guest may set. What it may not is refused, never dropped.

/// A header that is not sent. It holds nothing that the guest chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct BadHeader {
    /// The header, or its kind.
    pub what: &'static str,
    /// Why not.
    pub why: &'static str,
}

/// The headers of one request, which passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers {
    /// What `Content-Length` promises, if it is there.
    pub length: Option<u64>,
}

const FRAMING: &str = "the host frames requests";
const ROUTING: &str = "the host says where a request goes and whence it comes";
const OVERRIDE: &str = "it makes a request another than the one that is judged";
const CREDENTIAL: &str = "the host puts credentials into requests";

/// What only the host says (RFC 9110, 7.6.1), and what makes another request of the one that was
/// matched: names that servers and frameworks read before method and path.
const OURS: &[(&str, &str)] = &[
    ("authorization", CREDENTIAL),
    ("connection", FRAMING),
    ("cookie", CREDENTIAL),
    ("expect", FRAMING),
    ("forwarded", ROUTING),
    ("host", ROUTING),
    ("http2-settings", FRAMING),
    ("keep-alive", FRAMING),
    ("te", FRAMING),
    ("trailer", FRAMING),
    ("transfer-encoding", FRAMING),
    ("upgrade", FRAMING),
    ("via", ROUTING),
    ("x-http-method", OVERRIDE),
    ("x-http-method-override", OVERRIDE),
    ("x-method-override", OVERRIDE),
    ("x-original-host", ROUTING),
    ("x-original-url", OVERRIDE),
    ("x-real-ip", ROUTING),
    ("x-rewrite-url", OVERRIDE),
];

/// Beginnings of names that only the host uses.
const OUR_FAMILIES: &[(&str, &str, &str)] = &[
    ("proxy-", "`proxy-...`", ROUTING),
    ("x-forwarded-", "`x-forwarded-...`", ROUTING),
];

/// Headers that have one value (RFC 9110): a second is read by some and not by others.
const SINGLE: &[&str] = &[
    "accept-datetime",
    "content-disposition",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "date",
    "from",
    "if-modified-since",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "range",
    "referer",
    "user-agent",
];

/// More headers than requests have.
const MOST: usize = 100;
/// Names and values together, in bytes.
const BYTES: usize = 32 << 10;

impl Headers {
    /// Judges the headers of a request: names in lower case, and values.
    ///
    /// # Errors
    /// The first that a guest may not set.
    pub fn check<'a>(
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, BadHeader> {
        let mut length = None;
        let mut seen = Vec::new();
        let (mut count, mut bytes) = (0, 0);
        for (name, value) in headers {
            count += 1;
            bytes += name.len() + value.len();
            may_set(name)?;
            is_text(value)?;
            if let Some(single) = SINGLE.iter().find(|single| **single == name) {
                if seen.contains(single) {
                    return Err(bad(single, "it stands there twice"));
                }
                seen.push(single);
            }
            if name == "content-length" {
                length = Some(number(value)?);
            }
        }
        match count <= MOST && bytes <= BYTES {
            true => Ok(Self { length }),
            false => Err(bad("the headers", "they are too many or too long")),
        }
    }
}

fn bad(what: &'static str, why: &'static str) -> BadHeader {
    BadHeader { what, why }
}

fn may_set(name: &str) -> Result<(), BadHeader> {
    if let Some((ours, why)) = OURS.iter().find(|(ours, _)| *ours == name) {
        return Err(bad(ours, why));
    }
    let family = OUR_FAMILIES
        .iter()
        .find(|(beginning, ..)| name.starts_with(beginning));
    if let Some((_, what, why)) = family {
        return Err(bad(what, why));
    }
    let is_token = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
    };
    match !name.is_empty() && name.bytes().all(is_token) {
        // Some servers read `_` as `-`, which would be a way around the list.
        true if name.contains('_') => may_set(&name.replace('_', "-")),
        true => Ok(()),
        false => Err(bad("a header", "its name is not a token in lower case")),
    }
}

/// Whether a credential or a signature can stand in the header `name`, which the skill's author chose.
///
/// # Errors
/// When it says something else.
pub(crate) fn may_hold(name: &str) -> Result<(), BadHeader> {
    match may_set(name) {
        Err(bad) if bad.why != CREDENTIAL => Err(bad),
        _ if SINGLE.contains(&name) => Err(bad("the header", "it says something else")),
        _ => Ok(()),
    }
}

/// Visible ASCII with single inner blanks or tabs (RFC 9110, 5.5, without its obsolete part).
fn is_text(value: &[u8]) -> Result<(), BadHeader> {
    let plain = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t');
    match value.iter().all(plain) {
        true => Ok(()),
        false => Err(bad(
            "a header",
            "its value has a control character, a line break or other characters than ASCII",
        )),
    }
}

fn number(value: &[u8]) -> Result<u64, BadHeader> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let number = text
        .parse::<u64>()
        .ok()
        .filter(|number| number.to_string() == text);
    number.ok_or(bad("content-length", "it is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)]) -> Result<Headers, BadHeader> {
        Headers::check(
            headers
                .iter()
                .map(|(name, value)| (*name, value.as_bytes())),
        )
    }

    #[test]
    fn ordinary_headers_pass() {
        let usual = [
            ("accept", "application/json"),
            ("accept", "text/plain"),
            ("content-type", "application/json"),
            ("content-length", "12"),
            ("x-request-id", "1"),
            ("idempotency-key", "k"),
        ];
        assert_eq!(check(&usual), Ok(Headers { length: Some(12) }));
        assert_eq!(check(&[]), Ok(Headers { length: None }));
    }

    #[test]
    fn what_only_the_host_says_is_refused() {
        for name in [
            "host",
            "connection",
            "transfer-encoding",
            "te",
            "trailer",
            "upgrade",
            "keep-alive",
            "expect",
            "proxy-authorization",
            "proxy-connection",
            "proxy-x",
            "x-forwarded-for",
            "x-forwarded-host",
            "x_forwarded_for",
            "forwarded",
            "via",
            "authorization",
            "cookie",
            "x-http-method-override",
            "x-original-url",
        ] {
            assert!(check(&[(name, "x")]).is_err(), "{name}");
        }
    }

    #[test]
    fn a_second_value_of_what_has_one_is_refused() {
        for name in SINGLE.iter().filter(|name| **name != "content-length") {
            assert!(check(&[(name, "x"), (name, "x")]).is_err(), "{name}");
        }
        assert!(check(&[("content-length", "1"), ("content-length", "1")]).is_err());
    }

    #[test]
    fn values_are_one_line_of_ascii() {
        for value in ["a\r\nx: y", "a\nb", "a\0", "é", "\u{7f}"] {
            assert!(check(&[("x-a", value)]).is_err(), "{value:?}");
        }
        for value in ["+5", "05", "5, 5", "", "-1", "0x5", "99999999999999999999"] {
            assert!(check(&[("content-length", value)]).is_err(), "{value}");
        }
    }

    #[test]
    fn a_flood_of_headers_is_refused() {
        assert!(check(&[("x-a", "b"); MOST + 1]).is_err());
        assert!(check(&[("x-a", &"b".repeat(BYTES))]).is_err());
    }
}
