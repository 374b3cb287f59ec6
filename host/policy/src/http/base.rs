//! Where a granted destination is: what the `url` of a grant says.

use std::fmt;

use url::Url;

use super::destination::{Destination, Scheme};
use super::host::{Host, is_label};
use super::path::Path;

/// The base of a granted destination. A request is there if it goes to the same scheme, host and
/// port, and below the same path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    scheme: Scheme,
    host: HostRule,
    port: u16,
    path: Path,
}

/// Which hosts a destination stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostRule {
    /// This one.
    Exactly(Host),
    /// `*.example.com`: each name one label below this one, and not this one itself.
    OneBelow(String),
}

impl Base {
    /// Reads the `url` of a grant or manifest.
    ///
    /// # Errors
    /// What in it is not in its one spelling.
    pub fn of(url: &Url) -> Result<Self, String> {
        let host = url.host_str().unwrap_or_default();
        let (asked, rule) = match host.strip_prefix("*.") {
            Some(below) => (format!("x.{below}"), Some(below.to_owned())),
            None => (host.to_owned(), None),
        };
        let authority = match url.port() {
            Some(port) => format!("{asked}:{port}"),
            None => asked,
        };
        let read = Destination::parse(url.scheme(), &authority, url.path());
        let read = read.map_err(|error| error.to_string())?;
        let host = match rule {
            Some(below) if below.contains('.') => HostRule::OneBelow(below),
            Some(below) => {
                return Err(format!(
                    "`*.{below}` is too wide: want at least two labels after the `*`"
                ));
            }
            None => HostRule::Exactly(read.host().clone()),
        };
        Ok(Self {
            scheme: read.scheme(),
            host,
            port: read.port(),
            path: read.path().clone(),
        })
    }

    /// How requests travel there.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Which hosts it stands for.
    #[must_use]
    pub fn host(&self) -> &HostRule {
        &self.host
    }

    /// Whether `to` has this scheme, host and port.
    #[must_use]
    pub fn is_at(&self, to: &Destination) -> bool {
        (self.scheme, self.port) == (to.scheme(), to.port()) && self.host.matches(to.host())
    }

    /// The path of `to` behind this base's own, if `to` is below it.
    #[must_use]
    pub fn path_of<'a>(&self, to: &'a Destination) -> Option<&'a str> {
        to.path().below(&self.path)
    }

    /// Whether some request would be at both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let nested =
            self.path.below(&other.path).is_some() || other.path.below(&self.path).is_some();
        (self.scheme, self.port) == (other.scheme, other.port)
            && self.host.overlaps(&other.host)
            && nested
    }
}

impl HostRule {
    /// Whether `host` is one of them.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Exactly(one), host) => one == host,
            (Self::OneBelow(above), Host::Name(name)) => name
                .strip_suffix(above.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(is_label),
            (Self::OneBelow(_), Host::Address(_)) => false,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (rule, Self::Exactly(host)) | (Self::Exactly(host), rule) => rule.matches(host),
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostRule::Exactly(host) => write!(f, "{}://{host}", self.scheme)?,
            HostRule::OneBelow(above) => write!(f, "{}://*.{above}", self.scheme)?,
        }
        match self.port == self.scheme.port() {
            true => Ok(()),
            false => write!(f, ":{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Base {
        Base::of(&Url::parse(text).unwrap()).unwrap()
    }

    fn to(authority: &str, path: &str) -> Destination {
        Destination::parse("https", authority, path).unwrap()
    }

    #[test]
    fn a_host_is_exact_or_one_label_deep() {
        let exact = base("https://bank.example/api");
        assert!(exact.is_at(&to("bank.example", "/")));
        assert!(exact.is_at(&to("bank.example:443", "/")));
        for other in [
            "bank.example:8443",
            "x.bank.example",
            "bank.example.evil.example",
            "xbank.example",
            "127.0.0.1",
        ] {
            assert!(!exact.is_at(&to(other, "/")), "{other}");
        }
        assert!(!exact.is_at(&Destination::parse("http", "bank.example:443", "/").unwrap()));
        let deep = base("https://*.bank.example:8443");
        assert!(deep.is_at(&to("eu.bank.example:8443", "/")));
        for other in [
            "bank.example:8443",
            "a.b.bank.example:8443",
            "xbank.example:8443",
            "eu.bank.example",
        ] {
            assert!(!deep.is_at(&to(other, "/")), "{other}");
        }
        assert_eq!(deep.to_string(), "https://*.bank.example:8443");
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for wrong in [
            "https://*.example",
            "https://*",
            "https://a.*.example",
            "https://*.*.example.com",
            "https://bank.example.",
            "https://bank.example/a//b",
            "https://bank.example/a;b",
        ] {
            assert!(Base::of(&Url::parse(wrong).unwrap()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn two_bases_overlap_if_one_request_is_at_both() {
        let overlap = |a, b| base(a).overlaps(&base(b));
        assert!(overlap(
            "https://a.example.com/x",
            "https://a.example.com/x/y"
        ));
        assert!(overlap("https://a.example.com", "https://*.example.com/x"));
        assert!(!overlap(
            "https://a.example.com/x",
            "https://a.example.com/y"
        ));
        assert!(!overlap(
            "https://a.example.com/x",
            "https://a.example.com/xy"
        ));
        assert!(!overlap("https://a.example.com", "http://a.example.com"));
        assert!(!overlap("https://example.com", "https://*.example.com"));
    }
}
