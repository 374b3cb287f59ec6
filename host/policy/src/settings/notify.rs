//! `[notify]`: who hears that a call waits for people.

use serde::Deserialize;
use toml::Spanned;
use url::{Host, Url};

use crate::grant::{certificates, is_secret_name};
use crate::place::{Fault, Source};

/// A service of the operator's that is told of waiting calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Where notices are posted.
    pub url: Url,
    /// What the key is called that they are signed with, in the host's own sealed file.
    pub key: String,
    /// Certificates (DER) that alone vouch for it; the public authorities where there are none.
    pub roots: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNotify {
    url: Spanned<String>,
    key: Spanned<String>,
    roots: Option<Spanned<String>>,
}

pub(super) fn read(source: &Source<'_>, raw: RawNotify) -> Result<Notify, Fault> {
    let roots = raw
        .roots
        .map(|text| source.at(text).try_map(certificates))
        .transpose()?;
    Ok(Notify {
        url: source.at(raw.url).try_map(address)?.value,
        key: source.at(raw.key).try_map(key)?.value,
        roots: roots.map_or_else(Vec::new, |at| at.value),
    })
}

fn address(text: String) -> Result<Url, String> {
    let wrong = |why: &str| Err(format!("`url` {why}"));
    let Ok(url) = Url::parse(&text) else {
        return wrong("wants one such as `https://hooks.corp.example/vouchsafe`");
    };
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        return wrong("wants `https`: what it tells is not everybody's");
    }
    let is_bare = url.username().is_empty() && url.password().is_none();
    if !is_bare || url.query().is_some() || url.fragment().is_some() {
        return wrong("has no user, password, query or fragment: notices are signed instead");
    }
    Ok(url)
}

fn key(text: String) -> Result<String, String> {
    match is_secret_name(&text) {
        true => Ok(text),
        false => Err("`key` is a name for `vouchsafe secret set`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::Settings;

    fn read(text: &str) -> Result<(), String> {
        let read = Settings::parse("vouchsafe.toml", &format!("[notify]\n{text}"));
        read.map(drop).map_err(|fault| fault.to_string())
    }

    #[test]
    fn notices_go_to_one_address_over_tls_and_are_signed() {
        assert_eq!(
            read("url = 'https://hooks.example/v'\nkey = 'notices'"),
            Ok(())
        );
        assert_eq!(read("url = 'http://[::1]:80/'\nkey = 'notices'"), Ok(()));
        for wrong in [
            "url = 'https://hooks.example/v'",
            "key = 'notices'",
            "url = 'http://hooks.example/v'\nkey = 'notices'",
            "url = 'https://u:p@hooks.example/v'\nkey = 'notices'",
            "url = 'https://hooks.example/v?token=x'\nkey = 'notices'",
            "url = 'https://hooks.example/v'\nkey = 'Notices!'",
            "url = 'https://hooks.example/v'\nkey = 'notices'\nsecret = 'x'",
            "url = 'https://hooks.example/v'\nkey = 'notices'\nroots = 'x'",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
