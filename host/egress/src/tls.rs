//! TLS to a destination: the public authorities, and those that its grant names.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use vouchsafe_policy::http::Host;
use vouchsafe_secrets::tls;

/// The configuration for a destination whose grant adds `roots` (DER).
///
/// # Errors
/// When a root is none.
pub(crate) fn config(roots: &[Vec<u8>]) -> Result<Arc<ClientConfig>, String> {
    let mut config = tls::client(tls::public_roots(), roots, None)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Whom the certificate must name, and what the handshake asks for.
///
/// # Errors
/// When no certificate could name it.
pub(crate) fn server_name(host: &Host) -> Result<ServerName<'static>, String> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.clone()).map_err(|error| error.to_string()),
    }
}
