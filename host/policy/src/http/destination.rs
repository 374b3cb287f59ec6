//! Where a request goes, read once from what a guest said.

use std::fmt;

use url::Url;

use super::host::Host;
use super::path::Path;

/// Where a request goes. Matching, dialling and sending all use this one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    scheme: Scheme,
    host: Host,
    port: u16,
    path: Path,
    query: Option<String>,
}

/// How a request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Encrypted.
    Https,
    /// In the clear.
    Http,
}

/// What is no destination, and why. It holds nothing that the guest said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadDestination(pub &'static str);

/// The longest query, in bytes.
const QUERY: usize = 8 << 10;

impl Destination {
    /// Reads the three parts of a request's target.
    ///
    /// # Errors
    /// What is not in its one spelling: nothing is guessed.
    pub fn parse(
        scheme: &str,
        authority: &str,
        path_and_query: &str,
    ) -> Result<Self, BadDestination> {
        let scheme = Scheme::parse(scheme)?;
        let (host, port) = split(authority)?;
        let host = Host::parse(host).map_err(BadDestination)?;
        let port = match port {
            Some(port) => number(port)?,
            None => scheme.port(),
        };
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(read_query(query)?)),
            None => (path_and_query, None),
        };
        let path = Path::parse(path).map_err(BadDestination)?;
        Ok(Self {
            scheme,
            host,
            port,
            path,
            query,
        })
    }

    /// The address of `route`, which begins with `/` or is empty, below `url`.
    pub(crate) fn at(url: &Url, route: &str) -> Result<Self, String> {
        let path = match route {
            "" => url.path().to_owned(),
            route => format!("{}{route}", url.path().trim_end_matches('/')),
        };
        let host = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Self::parse(url.scheme(), &authority, &path).map_err(|error| error.to_string())
    }

    /// How it travels.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host that is resolved, named in the TLS handshake and in `Host`.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path, as it is matched and sent.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Host, and port unless it is the scheme's own: what `Host` says.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port == self.scheme.port() {
            true => self.host.to_string(),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Scheme, host and port: what a record may hold of it.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}://{}", self.scheme, self.authority())
    }

    /// Whether some reader of the query finds a parameter `name` there, in whatever case or spelling.
    #[must_use]
    pub fn has_query(&self, name: &str) -> bool {
        let query = self.query.as_deref().unwrap_or_default();
        let query = query.replace(';', "&"); // some readers part parameters with it
        let mut keys = url::form_urlencoded::parse(query.as_bytes()).map(|(key, _)| key);
        keys.any(|key| {
            let plain = key.trim().split('[').next(); // PHP's lists
            plain.is_some_and(|plain| plain.eq_ignore_ascii_case(name))
        })
    }

    /// Path and query, as they are sent.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.to_string(),
        }
    }
}

/// The whole address: for commitments, never for a record or a log.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place(), self.path_and_query())
    }
}

impl Scheme {
    fn parse(text: &str) -> Result<Self, BadDestination> {
        match text {
            "https" => Ok(Self::Https),
            "http" => Ok(Self::Http),
            _ => Err(BadDestination("the scheme is neither `https` nor `http`")),
        }
    }

    /// The port where none is named.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Https => "https",
            Self::Http => "http",
        })
    }
}

/// Host and port. A colon within brackets is the address's own.
fn split(authority: &str) -> Result<(&str, Option<&str>), BadDestination> {
    if authority.contains('@') {
        return Err(BadDestination("an address has no user and password"));
    }
    let after_address = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let rest = authority.get(after_address..).unwrap_or_default();
    match rest.find(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(after_address + colon);
            Ok((host, port.strip_prefix(':')))
        }
        None => Ok((authority, None)),
    }
}

/// A port without leading zeros.
fn number(text: &str) -> Result<u16, BadDestination> {
    let port = text
        .parse::<u16>()
        .ok()
        .filter(|port| port.to_string() == text);
    match port {
        None | Some(0) => Err(BadDestination("the port is not a number from 1 to 65535")),
        Some(port) => Ok(port),
    }
}

fn read_query(query: &str) -> Result<String, BadDestination> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\".contains(&byte);
    if query.len() > QUERY || !query.bytes().all(plain) {
        return Err(BadDestination(
            "the query is too long, or has a character that must be escaped",
        ));
    }
    Ok(query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(authority: &str, path: &str) -> Result<Destination, BadDestination> {
        Destination::parse("https", authority, path)
    }

    #[test]
    fn what_is_read_is_what_is_sent() {
        let bank = parse("bank.example:8443", "/api/%70ayments?since=2026&x=%2f").unwrap();
        assert_eq!(
            bank.to_string(),
            "https://bank.example:8443/api/payments?since=2026&x=%2f"
        );
        assert_eq!(
            (bank.place().as_str(), bank.port()),
            ("https://bank.example:8443", 8443)
        );
        assert_eq!(
            parse("bank.example:443", "").unwrap().to_string(),
            "https://bank.example/"
        );
        assert_eq!(
            parse("[2001:db8::1]:8443", "/").unwrap().authority(),
            "[2001:db8::1]:8443"
        );
        assert_eq!(Destination::parse("http", "[::1]", "/").unwrap().port(), 80);
    }

    #[test]
    fn another_spelling_is_refused() {
        for authority in [
            "",
            ":443",
            "bank.example:",
            "bank.example:0",
            "bank.example:00443",
            "bank.example:65536",
            "bank.example:+443",
            "bank.example:443:443",
            "user@bank.example",
            "user:pw@bank.example",
            "@bank.example",
            "bank.example@evil.example",
            "bank.example?",
            "bank.example#",
            "bank.example?@evil.example",
            "bank.example#@evil.example",
            "bank.example/",
            "bank.example\\",
            "bank.example.",
            "BANK.example",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]]:443",
            "[fe80::1%25lo]:443",
            "127.1",
            "0x7f.1",
            "2130706433",
            " bank.example",
            "bank.example ",
            "bank.example\r\nx: y",
            "bａnk.example",
        ] {
            assert!(parse(authority, "/").is_err(), "{authority}");
        }
        for path in [
            "/a#b",
            "a",
            "/?a b",
            "/?#",
            "/?\"",
            "/?é",
            "http://evil.example/",
        ] {
            assert!(parse("bank.example", path).is_err(), "{path}");
        }
        for scheme in ["HTTPS", "ftp", "", "ws", "file", "https:"] {
            assert!(
                Destination::parse(scheme, "bank.example", "/").is_err(),
                "{scheme}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn what_was_read_is_read_again_as_the_same(authority in "[a-c0-9.:\\[\\]@%?#*-]{0,12}|\\PC{0,6}", path in "/[a-c/.%2?#;]{0,10}|\\PC{0,8}") {
            let Ok(one) = parse(&authority, &path) else { return Ok(()) };
            proptest::prop_assert_eq!(parse(&one.authority(), &one.path_and_query()), Ok(one.clone()));
            // An independent reader sees the same host, port and path.
            let other = Url::parse(&one.to_string()).unwrap();
            let host = one.host().to_string();
            proptest::prop_assert_eq!(other.host_str(), Some(host.as_str()));
            proptest::prop_assert_eq!(other.port_or_known_default(), Some(one.port()));
            proptest::prop_assert_eq!(other.path(), one.path().as_str());
        }
    }
}
