//! Paths below a destination.

use std::fmt::Write as _;

/// A path below a destination: a fixed one as it is (`"/payments"`), or segments, which are escaped
/// (`["payments", id]`).
///
/// What a segment holds stays in it. One that no spelling can hold safely (empty, `.` or `..`, or
/// with a slash in it) is refused by the host.
pub trait Path {
    /// The path, beginning with `/`.
    fn encode(self) -> String;
}

impl Path for &str {
    fn encode(self) -> String {
        match self.starts_with('/') {
            true => self.to_owned(),
            false => format!("/{self}"),
        }
    }
}

impl<S: AsRef<str>, const N: usize> Path for [S; N] {
    fn encode(self) -> String {
        self.as_slice().encode()
    }
}

impl<S: AsRef<str>> Path for Vec<S> {
    fn encode(self) -> String {
        self.as_slice().encode()
    }
}

impl<S: AsRef<str>> Path for &[S] {
    fn encode(self) -> String {
        let mut path = String::new();
        for segment in self {
            path.push('/');
            escape(segment.as_ref(), &mut path);
        }
        path
    }
}

/// All but RFC 3986's unreserved characters.
pub(super) fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            // Writing to a string can't fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_segment_holds_stays_in_it() {
        assert_eq!(
            ["a", "b/../c", "?x=1#y", "é;%2f"].encode(),
            "/a/b%2F..%2Fc/%3Fx%3D1%23y/%C3%A9%3B%252f"
        );
        assert_eq!(vec!["a".to_owned(), String::new()].encode(), "/a/");
        assert_eq!("payments".encode(), "/payments");
    }
}
