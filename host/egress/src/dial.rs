//! From a destination to a connection: resolved once, every address checked, a checked one dialled.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::either::Either;
use vouchsafe_clearance::EffectKind;
use vouchsafe_policy::amend;
use vouchsafe_policy::http::{Admission, Scheme, UnsafeAddress, address};

use crate::failure::{Failure, Refused};
use crate::resolve::addresses;
use crate::settings::Settings;
use crate::tls;
use crate::tunnel::{self, Tunnel};
use crate::wire::Wire;

/// How long one of several addresses is waited for.
const ONE_ADDRESS: Duration = Duration::from_secs(5);

/// Connects to where `admission` says. `config` is for TLS, which `https` alone has.
///
/// # Errors
/// When an address must not be dialled, or nobody answers who may.
pub(crate) async fn dial(
    settings: &Settings,
    config: Arc<ClientConfig>,
    admission: &Admission,
) -> Result<Wire, Failure> {
    let stream = stream(settings, admission).await?;
    let destination = admission.destination();
    let broken = |error: hyper::Error| Failure::NoConnection(error.to_string());
    if destination.scheme() == Scheme::Http {
        return Wire::one(stream).await.map_err(broken);
    }
    let name = tls::server_name(destination.host()).map_err(Failure::Tls)?;
    let stream = TlsConnector::from(config).connect(name, stream).await;
    let stream = stream.map_err(|error| Failure::Tls(error.to_string()))?;
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Wire::two(stream).await.map_err(broken),
        _ => Wire::one(stream).await.map_err(broken),
    }
}

/// Bytes to and fro, at an address that was checked.
pub type Stream = Either<TcpStream, Tunnel>;

/// The stream that everything else goes over.
///
/// # Errors
/// As [`dial`].
pub(crate) async fn stream(settings: &Settings, admission: &Admission) -> Result<Stream, Failure> {
    let checked = checked(settings, admission).await?;
    Ok(match settings.proxy {
        None => Either::Left(connect(&checked).await?),
        Some(proxy) => Either::Right(connect_through(proxy, &checked).await?),
    })
}

/// Every address of the destination. One that must not be dialled refuses all of them: an answer
/// that mixes them is an attack, or a mistake that somebody has to look at.
async fn checked(settings: &Settings, admission: &Admission) -> Result<Vec<SocketAddr>, Failure> {
    let destination = admission.destination();
    let found = addresses(destination.host(), &settings.dns).await;
    let found = found.map_err(|error| unresolved(admission, &error))?;
    let found: Vec<_> = found
        .into_iter()
        .map(|ip| SocketAddr::new(ip, destination.port()))
        .collect();
    for address in &found {
        let checked = address::check(*address, &admission.http().private, &settings.own);
        checked.map_err(|unsafe_one| refused(admission, &unsafe_one))?;
    }
    Ok(found)
}

/// Has the proxy dial the addresses, which were all checked, one after another.
async fn connect_through(proxy: SocketAddr, checked: &[SocketAddr]) -> Result<Tunnel, Failure> {
    let mut last = Failure::NoConnection("there is no address".to_owned());
    for address in checked {
        let tunnel = async { tunnel::through(connect(&[proxy]).await?, *address).await };
        match tokio::time::timeout(ONE_ADDRESS, tunnel).await {
            Ok(Ok(tunnel)) => return Ok(tunnel),
            Ok(Err(failure)) => last = failure,
            Err(_) => last = Failure::TooSlow(ONE_ADDRESS),
        }
    }
    Err(last)
}

/// Dials the addresses, which were all checked or are the proxy's, one after another.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that connects for a skill, to an address that was checked or that is the operator's proxy"
)]
async fn connect(checked: &[SocketAddr]) -> Result<TcpStream, Failure> {
    let mut last = "there is no address".to_owned();
    for address in checked {
        match tokio::time::timeout(ONE_ADDRESS, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let nodelay = stream.set_nodelay(true);
                return nodelay
                    .map(|()| stream)
                    .map_err(|error| Failure::NoConnection(error.to_string()));
            }
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => last = format!("no answer within {} s", ONE_ADDRESS.as_secs()),
        }
    }
    Err(Failure::NoConnection(last))
}

fn refused(admission: &Admission, unsafe_one: &UnsafeAddress) -> Failure {
    let fix = unsafe_one.opens.as_ref().map(|opens| {
        let (place, table) = (&admission.http().place, admission.table());
        amend(
            place,
            format_args!("under `[{table}]`, add `\"{opens}\"` to `private`"),
        )
    });
    let host = admission.destination().host();
    let why = format!("`{host}` resolves to an address that must not be dialled: {unsafe_one}");
    Failure::Refused(refusal(admission, why, fix.unwrap_or_default()))
}

fn unresolved(admission: &Admission, error: &str) -> Failure {
    let (host, place) = (admission.destination().host(), &admission.http().place);
    Failure::Unresolved(refusal(
        admission,
        format!("`{host}` can't be resolved: {error}"),
        format!("see whether that name is right ({place}), and `dns` in egress.toml"),
    ))
}

fn refusal(admission: &Admission, why: String, fix: String) -> Box<Refused> {
    Box::new(Refused {
        kind: EffectKind::Http {
            method: admission.method().to_owned(),
            reads: admission.reads(),
        },
        place: admission.destination().place(),
        why,
        fix,
    })
}
