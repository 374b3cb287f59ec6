//! How this host knows a server, and shows who it is: by aws-lc-rs, and by certificates that an operator named.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// A client's certificate with what leads to its root, and its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads both from PEM.
    ///
    /// # Errors
    /// What is wrong with them, without any of them.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, String> {
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| format!("the certificate: {error}"))?;
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("the key: {error}"))?;
        Ok(Self { chain, key })
    }
}

/// Trusts `roots` and `also` (DER), and shows `identity` to who asks.
///
/// # Errors
/// When a root is none, or the certificate is not the key's.
pub fn client(
    mut roots: RootCertStore,
    also: &[Vec<u8>],
    identity: Option<Identity>,
) -> Result<ClientConfig, String> {
    for root in also {
        let root = CertificateDer::from(root.as_slice());
        roots.add(root).map_err(|error| error.to_string())?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let builder = builder.with_root_certificates(roots);
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(Identity { chain, key }) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| error.to_string()),
    }
}

/// A client for a service of the operator's: vouched for by `roots` (DER) alone where there are any, by the public
/// authorities where not. It uses no proxy and follows no redirect.
///
/// # Errors
/// As [`client`].
pub fn http(
    roots: &[Vec<u8>],
    identity: Option<Identity>,
    patience: Duration,
    connect: Duration,
) -> Result<reqwest::Client, String> {
    let public = match roots.is_empty() {
        true => public_roots(),
        false => RootCertStore::empty(),
    };
    reqwest::Client::builder()
        .tls_backend_preconfigured(client(public, roots, identity)?)
        .no_proxy()
        .redirect(Policy::none())
        .timeout(patience)
        .connect_timeout(connect)
        .build()
        .map_err(|error| error.to_string())
}

/// The authorities that browsers trust.
#[must_use]
pub fn public_roots() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.into(),
    }
}
