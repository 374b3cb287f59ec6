//! Places that a manifest may fix: a public service that is in one place for everybody.

use url::{Host, Url};

/// Why `text` cannot be a destination's `url` in a manifest, if it cannot.
#[must_use]
pub(super) fn problem(text: &str) -> Option<String> {
    let wrong = |why: &str| {
        Some(format!(
            "`url` {why}; where a service is, is the grant's to say"
        ))
    };
    let Ok(url) = Url::parse(text) else {
        return Some("`url` is not a URL".to_owned());
    };
    if url.as_str().trim_end_matches('/') != text.trim_end_matches('/') {
        return wrong("is not in its normal form");
    }
    if url.scheme() != "https" {
        return wrong("must begin with `https://`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("`url` holds a credential; name one in `auth`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("has a query or a fragment");
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return wrong("names many hosts");
    }
    match url.host() {
        Some(Host::Domain(domain)) if is_public(domain) => None,
        Some(Host::Domain(_)) => wrong("names a host that is not public"),
        _ => wrong("is an address"),
    }
}

/// Names that are some network's own (RFC 6761, 6762, 8375, 9476).
const PRIVATE: [&str; 11] = [
    "localhost",
    "local",
    "internal",
    "intranet",
    "corp",
    "lan",
    "home",
    "arpa",
    "test",
    "invalid",
    "example",
];

fn is_public(domain: &str) -> bool {
    let Some((_, top)) = domain.rsplit_once('.') else {
        return false;
    };
    !top.is_empty() && !PRIVATE.contains(&top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_public_place_is_fixed() {
        for right in [
            "https://api.vendor.com",
            "https://api.vendor.com/v2/",
            "https://api.vendor.com:8443/v2",
        ] {
            assert_eq!(problem(right), None, "{right}");
        }
        for wrong in [
            "http://api.vendor.com",
            "https://127.0.0.1",
            "https://2130706433",
            "https://[::1]",
            "https://localhost",
            "https://bank.corp.internal",
            "https://bank",
            "https://me:pw@api.vendor.com",
            "https://me@api.vendor.com",
            "https://api.vendor.com/?q=1",
            "https://api.vendor.com/#x",
            "api.vendor.com",
            "https://API.vendor.com",
            "https://api.vendor.com/a/../b",
            "https://vendor.com.",
            "https://*.vendor.com",
            "https://ａpi.vendor.com",
            "file:///etc/passwd",
            "",
        ] {
            assert!(problem(wrong).is_some(), "{wrong}");
        }
    }
}
