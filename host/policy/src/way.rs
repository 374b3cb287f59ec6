//! `egress.toml`: how requests leave, for all skills.

use std::net::SocketAddr;

use serde::Deserialize;
use toml::Spanned;

use crate::place::{At, Fault, Source};

/// What the operator says of how requests leave. Without the file, names are looked up as the
/// system does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Way {
    /// The servers that names are looked up at, instead of the system's.
    pub dns: Vec<At<SocketAddr>>,
    /// The proxy that has every connection made, to an address that was looked up and checked here.
    pub proxy: Option<At<SocketAddr>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWay {
    #[serde(default)]
    dns: Vec<Spanned<String>>,
    proxy: Option<Spanned<String>>,
}

/// More servers than are asked.
const SERVERS: usize = 8;

impl Way {
    /// Reads the text of `egress.toml`.
    ///
    /// # Errors
    /// The first thing wrong, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, Fault> {
        let source = Source::new(file, text);
        let raw: RawWay = source.toml()?;
        let dns = raw
            .dns
            .into_iter()
            .map(|text| source.at(text).try_map(server));
        let dns: Vec<_> = dns.collect::<Result<_, _>>()?;
        let proxy = raw.proxy.map(|text| source.at(text).try_map(server));
        let proxy = proxy.transpose()?;
        match dns.get(SERVERS) {
            Some(beyond) => Err(Fault::new(
                beyond.place.clone(),
                format!("at most {SERVERS} servers are asked"),
            )),
            None => Ok(Self { dns, proxy }),
        }
    }
}

fn server(text: String) -> Result<SocketAddr, String> {
    let shown: String = text.chars().take(60).collect();
    let server = text
        .parse::<SocketAddr>()
        .ok()
        .filter(|server| server.port() != 0);
    server.ok_or_else(|| format!("`{shown}` is not an address with a port such as `10.0.0.53:53`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_addresses_with_ports() {
        let way = |text: &str| Way::parse("egress.toml", text);
        let two = way("dns = [\"127.0.0.1:5353\", \"[::1]:53\"]").unwrap();
        assert_eq!(two.dns[1].value.to_string(), "[::1]:53");
        assert_eq!(way("").unwrap(), Way::default());
        let proxy = way("proxy = \"10.0.0.3:3128\"").unwrap().proxy.unwrap();
        assert_eq!(proxy.value.to_string(), "10.0.0.3:3128");
        for wrong in [
            "dns = [\"127.0.0.1\"]",
            "dns = [\"dns.example:53\"]",
            "dns = [\"127.0.0.1:0\"]",
            "dns = \"127.0.0.1:53\"",
            "proxy = \"http://10.0.0.3:3128\"",
            "proxy = \"proxy.corp.example:3128\"",
            "no_proxy = []",
        ] {
            assert!(way(wrong).is_err(), "{wrong}");
        }
    }
}
