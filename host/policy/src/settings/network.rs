//! `listen`, `probe` and `[agents]`: where `vouchsafe serve` is reached, and how agents show who they are.
//!
//! ```toml
//! listen = "0.0.0.0:8443"
//! probe  = "127.0.0.1:9100"
//!
//! [agents]
//! names = ["vouchsafe.corp.example"]
//! ```

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_package::manifest::Span;

use crate::place::{At, Fault, Source};

/// Where this host is reached over the network, when it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Where agents come in, over TLS.
    pub listen: SocketAddr,
    /// Where it is asked whether it is alive and ready, in the clear.
    pub probe: Option<SocketAddr>,
    /// What agents call this host: in its certificate, and in their requests. Lower-case host names and addresses,
    /// those first that the operator gave.
    pub names: Vec<String>,
    /// How long an agent's certificate holds.
    pub ttl: Span,
}

/// Agents of this machine alone.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);

/// A certificate holds for a day, in milliseconds.
const TTL: Span = Span(24 * 3_600_000);

/// The shortest time that a certificate may hold: a minute.
const SHORTEST: u64 = 60_000;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawAgents {
    #[serde(default)]
    names: Vec<Spanned<String>>,
    ttl: Option<Spanned<Span>>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            probe: None,
            names: own_names(&LISTEN),
            ttl: TTL,
        }
    }
}

pub(super) fn read(
    source: &Source<'_>,
    listen: Option<Spanned<String>>,
    probe: Option<Spanned<String>>,
    agents: RawAgents,
) -> Result<Network, Fault> {
    let address = |text: Spanned<String>, key: &str| {
        let at = source.at(text).try_map(|text| socket(&text, key))?;
        Ok::<_, Fault>(at)
    };
    let listen = listen.map(|text| address(text, "listen")).transpose()?;
    let probe = probe.map(|text| address(text, "probe")).transpose()?;
    let listen = listen.map_or(LISTEN, |at| at.value);
    if let Some(At { value, place }) = &probe
        && *value == listen
    {
        return Err(Fault::new(place.clone(), "`probe` is where agents come in"));
    }
    let mut names = Vec::new();
    for name in agents.names {
        names.push(source.at(name).try_map(host)?.value);
    }
    names.extend(own_names(&listen));
    let ttl = agents.ttl.map(|ttl| source.at(ttl).try_map(time));
    Ok(Network {
        listen,
        probe: probe.map(|at| at.value),
        names,
        ttl: ttl.transpose()?.map_or(TTL, |at| at.value),
    })
}

/// What a host is called that listens there, without being told.
fn own_names(listen: &SocketAddr) -> Vec<String> {
    let address = listen.ip();
    match address {
        address if address.is_unspecified() => Vec::new(),
        address if address.is_loopback() => vec![address.to_string(), "localhost".to_owned()],
        address => vec![address.to_string()],
    }
}

fn socket(text: &str, key: &str) -> Result<SocketAddr, String> {
    let address = text.parse().ok().filter(|at: &SocketAddr| at.port() != 0);
    address.ok_or_else(|| format!("`{key}` wants address and port, such as `127.0.0.1:8443`"))
}

/// A name as it stands in a certificate and in the `Host` of a request.
fn host(text: String) -> Result<String, String> {
    let shown: String = text.chars().take(80).collect();
    let wrong = || {
        format!(
            "`{shown}` is no name of a host: want one such as `vouchsafe.corp.example`, or an address"
        )
    };
    // `url` takes more for a name than a certificate does.
    if text.contains(|c: char| !c.is_ascii_alphanumeric() && !".-:[]".contains(c)) {
        return Err(wrong());
    }
    match url::Host::parse(&text).map_err(|_| wrong())? {
        url::Host::Domain(name) if name == text => Ok(text),
        url::Host::Ipv4(address) if address.to_string() == text => Ok(text),
        url::Host::Domain(_) | url::Host::Ipv4(_) => Err(wrong()),
        url::Host::Ipv6(address) => Ok(address.to_string()),
    }
}

fn time(ttl: Span) -> Result<Span, String> {
    match ttl.0 {
        SHORTEST..=86_400_000 => Ok(ttl),
        _ => Err("`ttl` is from 1m to 24h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn read(text: &str) -> Result<super::Network, String> {
        let settings = Settings::parse("vouchsafe.toml", text);
        settings
            .map(|settings| settings.network)
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_host_listens_on_its_own_machine_unless_told_otherwise() {
        let network = read("").unwrap();
        assert_eq!(network.listen.to_string(), "127.0.0.1:8443");
        assert_eq!(network.names, ["127.0.0.1", "localhost"]);
        assert_eq!((network.probe, network.ttl.0), (None, 86_400_000));
    }

    #[test]
    fn a_host_is_called_by_the_names_it_is_given() {
        let network = read(
            "listen = '0.0.0.0:443'\nprobe = '[::1]:9100'\n[agents]\nnames = ['v.example', '10.1.2.3']\nttl = '1h'",
        );
        let network = network.unwrap();
        assert_eq!(network.names, ["v.example", "10.1.2.3"]);
        assert_eq!(network.probe.unwrap().port(), 9100);
        assert_eq!(network.ttl.0, 3_600_000);
    }

    #[test]
    fn what_is_no_place_or_name_is_a_fault() {
        for wrong in [
            "listen = '8443'",
            "listen = 'localhost:8443'",
            "listen = '127.0.0.1:0'",
            "listen = '127.0.0.1:1'\nprobe = '127.0.0.1:1'",
            "[agents]\nnames = ['https://v.example']",
            "[agents]\nnames = ['V.example']",
            "[agents]\nnames = ['*.example']",
            "[agents]\nnames = ['v.example:8443']",
            "[agents]\nttl = '25h'",
            "[agents]\nttl = '1s'",
            "[agents]\nissuer = 'embedded'",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
