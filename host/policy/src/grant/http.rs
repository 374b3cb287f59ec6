//! `[http.NAME]`: where a destination is, and how much of it.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Deserialize;
use toml::Spanned;
use url::Url;
use vouchsafe_package::manifest::Route;

use crate::place::{At, Fault, Place, Source};

/// What a grant says of one destination.
#[derive(Debug, Clone)]
pub struct HttpGrant {
    /// Where the destination is named.
    pub place: Place,
    /// Where it is; absent when the skill says so itself.
    pub url: Option<At<Url>>,
    /// Which private addresses it may resolve to.
    pub private: Vec<At<IpNet>>,
    /// The requests that may be made; absent for all that the skill declares.
    pub allow: Option<Vec<At<Route>>>,
    /// Where its credential is kept.
    pub auth: Option<At<SecretSource>>,
}

impl PartialEq for HttpGrant {
    fn eq(&self, other: &Self) -> bool {
        let same = self.url == other.url && self.private == other.private;
        same && self.allow == other.allow && self.auth == other.auth
    }
}

/// Where a credential is kept. Never the credential.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSource {
    /// The path in the secrets manager, such as `secret/payments/bank`.
    pub vault: String,
    /// The field there.
    pub field: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    url: Option<Spanned<String>>,
    #[serde(default)]
    private: Vec<Spanned<String>>,
    allow: Option<Vec<Spanned<String>>>,
    auth: Option<Spanned<SecretSource>>,
}

impl RawHttp {
    pub(super) fn read(self, source: &Source<'_>, place: Place) -> Result<HttpGrant, Fault> {
        let all = |texts: Vec<Spanned<String>>| texts.into_iter().map(|text| source.at(text));
        let routes = |texts| {
            all(texts)
                .map(|text| text.try_map(|t| t.parse::<Route>()))
                .collect()
        };
        Ok(HttpGrant {
            place,
            url: self
                .url
                .map(|text| source.at(text).try_map(address))
                .transpose()?,
            private: all(self.private)
                .map(|text| text.try_map(private))
                .collect::<Result<_, _>>()?,
            allow: self.allow.map(routes).transpose()?,
            auth: self
                .auth
                .map(|auth| source.at(auth).try_map(secret))
                .transpose()?,
        })
    }
}

/// A base URL in its one normal spelling, so that what is read is what is dialled.
fn address(text: String) -> Result<Url, String> {
    let wrong = |why: &str| {
        let shown: String = text.chars().take(200).collect();
        Err(format!("`{shown}` is not a destination: {why}"))
    };
    let Ok(url) = Url::parse(&text) else {
        return wrong("want an address such as `https://bank.example/api`");
    };
    if !matches!(url.scheme(), "https" | "http") {
        return wrong("want `https`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "an address has no user and password: use `auth`, and change that password".to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("it has a query or a fragment");
    }
    if url.port() == Some(0) {
        return wrong("no service listens on port 0");
    }
    let normal = url.as_str();
    if normal != text && normal.strip_suffix('/') != Some(&text) {
        return wrong(&format!("its normal spelling is `{normal}`"));
    }
    Ok(url)
}

/// A range of private addresses, without those that no range may open.
fn private(text: String) -> Result<IpNet, String> {
    let shown: String = text.chars().take(60).collect();
    let range: IpNet = text
        .parse()
        .map_err(|_| format!("`{shown}` is not a range of addresses such as `10.2.0.0/16`"))?;
    if range.trunc() != range {
        return Err(format!(
            "`{shown}` has bits beyond its prefix: write `{}`",
            range.trunc()
        ));
    }
    if let Some((never, why)) = NEVER.iter().find(|(never, _)| overlaps(&range, never)) {
        return Err(format!(
            "`{shown}` touches `{never}`, which is never granted: {why}"
        ));
    }
    let one = range.prefix_len() == range.max_prefix_len();
    if !one && LOOPBACK.iter().any(|net| overlaps(&range, net)) {
        return Err(format!(
            "`{shown}`: loopback is granted by single address only, such as `127.0.0.1/32`"
        ));
    }
    Ok(range)
}

/// Ranges that no grant opens.
const NEVER: [(IpNet, &str); 7] = [
    (v4([0, 0, 0, 0], 8), "it means this host"),
    (
        v4([169, 254, 0, 0], 16),
        "link-local, where clouds keep their metadata",
    ),
    (v4([224, 0, 0, 0], 3), "multicast, reserved and broadcast"),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "it means this host"),
    (
        v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96),
        "write it as an IPv4 range",
    ),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast"),
];

const LOOPBACK: [IpNet; 2] = [v4([127, 0, 0, 0], 8), v6([0, 0, 0, 0, 0, 0, 0, 1], 128)];

const fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), prefix))
}

const fn v6(segments: [u16; 8], prefix: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::from_segments(segments),
        prefix,
    ))
}

fn overlaps(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

fn secret(source: SecretSource) -> Result<SecretSource, String> {
    let plain = |text: &str| {
        !text.is_empty() && text.len() <= 200 && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if !plain(&source.field)
        || !plain(&source.vault)
        || source
            .vault
            .split('/')
            .any(|part| matches!(part, "" | "." | ".."))
    {
        return Err("`auth` wants a path and a field, such as `{ vault = \"secret/payments/bank\", field = \"token\" }`".to_owned());
    }
    Ok(source)
}
