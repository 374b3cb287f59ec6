//! The path of a request in its one spelling.

use std::fmt;

/// A path that means the same to whoever reads it: no dot segments, no empty ones but a last, no
/// parameters, and no escapes that some reader would take for a separator (RFC 3986, 6.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(String);

/// The longest path that is read, in bytes.
const MOST: usize = 8 << 10;
/// How often an escape may itself be escaped.
const LAYERS: usize = 4;

impl Path {
    /// Reads a path; none at all is `/`. Escapes of characters that need none are taken out and the
    /// others written in capitals, which RFC 3986 calls the same path.
    ///
    /// # Errors
    /// What two readers would not read alike.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Ok(Self("/".to_owned()));
        }
        if text.len() > MOST {
            return Err("the path is too long");
        }
        let segments = text
            .strip_prefix('/')
            .ok_or("the path does not begin with `/`")?;
        let mut normal = String::with_capacity(text.len());
        let mut segments = segments.split('/').peekable();
        while let Some(segment) = segments.next() {
            if segment.is_empty() && segments.peek().is_some() {
                return Err("the path has an empty segment");
            }
            normal.push('/');
            push_normal(segment, &mut normal)?;
        }
        Ok(Self(normal))
    }

    /// The path, as it is matched and sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind `base`, a whole number of segments: `/payments/1` behind `/api`.
    #[must_use]
    pub fn below(&self, base: &Self) -> Option<&str> {
        let base = base.0.strip_suffix('/').unwrap_or(&base.0);
        match self.0.strip_prefix(base)? {
            "" => Some("/"),
            rest if rest.starts_with('/') => Some(rest),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 3986's `unreserved`: characters whose escape means the same as themselves.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What may stand in a segment as it is: `pchar` without `;`, which some servers cut at.
fn is_plain(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,=:@".contains(&byte)
}

fn push_normal(segment: &str, normal: &mut String) -> Result<(), &'static str> {
    unambiguous(segment)?;
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            normal.push(char::from(byte));
            continue;
        }
        let escaped = escape(rest.next(), rest.next()).ok_or(BAD_ESCAPE)?;
        match is_unreserved(escaped) {
            true => normal.push(char::from(escaped)),
            false => normal.push_str(&format!("%{escaped:02X}")),
        }
    }
    Ok(())
}

const BAD_ESCAPE: &str = "the path has a `%` without two hexadecimal digits";

/// Refuses a segment that means something else to who decodes it once more than the next.
fn unambiguous(segment: &str) -> Result<(), &'static str> {
    if !segment.bytes().all(|byte| is_plain(byte) || byte == b'%') {
        return Err("the path has a character that must be escaped, or a `;`");
    }
    let mut layer = segment.as_bytes().to_vec();
    for _ in 0..LAYERS {
        let inner = decoded(&layer);
        means_one_thing(&inner)?;
        if inner == layer {
            return Ok(());
        }
        layer = inner;
    }
    Err("the path has escapes of escapes")
}

fn means_one_thing(segment: &[u8]) -> Result<(), &'static str> {
    let Ok(text) = std::str::from_utf8(segment) else {
        return Err("the path has escapes that are not UTF-8");
    };
    if text
        .chars()
        .any(|c| matches!(c, '/' | '\\') || c.is_control())
    {
        return Err("the path has an escaped separator or control character");
    }
    let before_parameters = text.split(';').next().unwrap_or_default();
    match before_parameters {
        "." | ".." => Err("the path has a dot segment"),
        _ => Ok(()),
    }
}

/// One layer of escapes taken off; what is no escape stays.
fn decoded(segment: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if let Some(byte) = escape(Some(*high), Some(*low)) => {
                out.push(byte);
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn escape(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_that_readers_read_differently_is_refused() {
        for wrong in [
            "payments",
            "//",
            "/a//b",
            "/a/../b",
            "/a/./b",
            "/..",
            "/.",
            "/a/%2e%2e/b",
            "/a/%2E./b",
            "/a/.%2e",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a;x=1",
            "/..;/b",
            "/a/%2e%2e%3bx/b",
            "/%252e%252e/b",
            "/a%252fb",
            "/a%25252fb",
            "/a%00b",
            "/a%0d%0ab",
            "/a b",
            "/a%",
            "/a%2",
            "/a%zz",
            "/é",
            "/%c0%ae%c0%ae/b",
            "/%ff",
            "/a?b",
            "/a#b",
        ] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spellings_that_the_rfc_calls_the_same_become_one() {
        for (spelt, normal) in [
            ("", "/"),
            ("/", "/"),
            ("/a", "/a"),
            ("/a/", "/a/"),
            ("/%61", "/a"),
            ("/a%7eb", "/a~b"),
            ("/%c3%a9", "/%C3%A9"),
            ("/a%2a", "/a%2A"),
            ("/100%25", "/100%25"),
            ("/a%3Bb", "/a%3Bb"),
            ("/...", "/..."),
            ("/a:b@c", "/a:b@c"),
        ] {
            assert_eq!(Path::parse(spelt).unwrap().as_str(), normal, "{spelt}");
        }
    }

    #[test]
    fn a_base_is_a_number_of_whole_segments() {
        let path = |text| Path::parse(text).unwrap();
        assert_eq!(
            path("/api/payments/1").below(&path("/api")),
            Some("/payments/1")
        );
        assert_eq!(
            path("/api/payments/1").below(&path("/api/")),
            Some("/payments/1")
        );
        assert_eq!(path("/api").below(&path("/api/")), Some("/"));
        assert_eq!(path("/apis").below(&path("/api")), None);
        assert_eq!(path("/x").below(&path("/")), Some("/x"));
        assert_eq!(path("/other").below(&path("/api")), None);
    }

    proptest! {
        /// Whoever decodes a path, however often, sees segments where we saw them, and no other.
        #[test]
        fn however_often_it_is_decoded_no_segment_appears_or_goes(text in "/([a-c./;%2eE5fF\\\\]|%2e|%2f|%25|%5c|%3b){0,12}") {
            let Ok(path) = Path::parse(&text) else { return Ok(()) };
            prop_assert_eq!(Path::parse(path.as_str()), Ok(path.clone()), "normal is normal");
            let segments = path.as_str().matches('/').count();
            let mut seen = path.as_str().as_bytes().to_vec();
            for _ in 0..6 {
                seen = decoded(&seen);
                let text = String::from_utf8(seen.clone()).unwrap();
                prop_assert_eq!(text.matches(['/', '\\']).count(), segments);
                prop_assert!(text.split('/').all(|segment| !matches!(segment.split(';').next(), Some("." | ".."))));
            }
        }
    }
}
