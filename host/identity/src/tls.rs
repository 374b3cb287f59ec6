//! TLS as the host speaks it to agents: with its own certificate, asking for theirs.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// The protocols that are spoken inside.
pub const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// TLS 1.3. Shows `own`; takes clients without a certificate, and those whose certificate `root` vouches for, for a client, now.
///
/// # Errors
/// What TLS says about the certificates.
pub fn server(
    own: (CertificateDer<'static>, PrivateKeyDer<'static>),
    root: &CertificateDer<'static>,
) -> Result<Arc<ServerConfig>, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).map_err(|error| error.to_string())?;
    let agents = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        // Who has none yet brings an invitation.
        .allow_unauthenticated()
        .build()
        .map_err(|error| error.to_string())?;
    let (certificate, key) = own;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| error.to_string())?;
    let mut config = builder
        .with_client_cert_verifier(agents)
        .with_single_cert(vec![certificate], key)
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
    // A resumed session would bring back a certificate that was checked a while ago.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
