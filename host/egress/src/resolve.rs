//! Names to addresses: one whole answer, or none.

use std::net::{IpAddr, SocketAddr};

use domain::base::Name;
use domain::resolv::StubResolver;
use domain::resolv::stub::conf::{ResolvConf, ServerConf, Transport};
use vouchsafe_policy::http::Host;

/// Every address of `host`: asked of `servers`, or as the system does where there are none.
///
/// # Errors
/// When there is none, or no answer.
pub(crate) async fn addresses(host: &Host, servers: &[SocketAddr]) -> Result<Vec<IpAddr>, String> {
    let found = match (host, servers) {
        (Host::Address(address), _) => vec![*address],
        (Host::Name(name), []) => of_the_system(name).await?,
        (Host::Name(name), servers) => asked_of(servers, name).await?,
    };
    match found.is_empty() {
        true => Err("it has no address".to_owned()),
        false => Ok(found),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that resolves for a skill; every address is checked before one is dialled"
)]
async fn of_the_system(name: &str) -> Result<Vec<IpAddr>, String> {
    let found = tokio::net::lookup_host((name, 0)).await;
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.map(|address| address.ip()).collect())
}

async fn asked_of(servers: &[SocketAddr], name: &str) -> Result<Vec<IpAddr>, String> {
    // A name of DNS is absolute: no search list makes another of it.
    let name: Name<Vec<u8>> = name.parse().map_err(|error| format!("{error}"))?;
    let resolver = StubResolver::from_conf(conf(servers));
    let found = resolver.lookup_host(&name).await;
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.iter().collect())
}

/// These servers and nothing of the system.
fn conf(servers: &[SocketAddr]) -> ResolvConf {
    let mut conf = ResolvConf::new();
    for server in servers {
        conf.servers
            .push(ServerConf::new(*server, Transport::UdpTcp));
    }
    conf.finalize();
    conf
}
