//! The embedded authority: it signs agents' certificates, and the host's own, with a key of the keystore.

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
    SanType, SerialNumber, SignatureAlgorithm,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, PrivateKeyDer};
use vouchsafe_keys::SigningKey;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::spiffe_id;

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// What was sent is no request for a certificate, or whoever sent it has not its key.
    #[error("no request for a certificate (PKCS#10) that its own key signed: {0}")]
    Request(String),
    /// A certificate can't be made of that.
    #[error("the certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// The longest request for a certificate, in bytes.
const MAX_REQUEST: usize = 16 << 10;

/// How long before its time a certificate begins to hold, for clocks that are slow.
const SLOW_CLOCKS: SignedDuration = SignedDuration::from_mins(5);

/// How long the authority's own certificate holds. It is made anew at each start, and is its key's all the time.
const AUTHORITY: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// What the authority is called.
const NAME: &str = "Vouchsafe agents";

/// A certificate that was issued.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate, in PEM.
    pub pem: String,
    /// When it ends.
    pub until: Timestamp,
}

/// Issues certificates with one key.
pub struct Authority {
    issuer: Issuer<'static, Signer>,
    root: CertificateDer<'static>,
    root_pem: String,
}

impl Authority {
    /// The authority whose key is `key`'s newest.
    ///
    /// # Errors
    /// When its own certificate can't be made.
    pub fn new(key: SigningKey, now: Timestamp) -> Result<Self, AuthorityError> {
        let signer = Signer {
            public: key.public(),
            key,
        };
        let mut params = params(now, AUTHORITY);
        params.distinguished_name.push(DnType::CommonName, NAME);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = params.self_signed(&signer)?;
        Ok(Self {
            root: root.der().clone(),
            root_pem: root.pem(),
            issuer: Issuer::new(params, signer),
        })
    }

    /// Its own certificate, by which a connection's is checked.
    pub fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// The same, in PEM: what agents know this host by.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Whether `root` (PEM) is a certificate of this authority's key, of whichever start.
    #[must_use]
    pub fn is_known_by(&self, root: &str) -> bool {
        let Ok(root) = CertificateDer::from_pem_slice(root.as_bytes()) else {
            return false;
        };
        let root = Certificate::from_der(&root).map(|root| root.tbs_certificate);
        root.is_ok_and(|root| {
            let key = root.subject_public_key_info.subject_public_key;
            key.as_bytes() == Some(&self.issuer.key().public[..])
        })
    }

    /// A certificate for the agent called `name` and the key that signed `request` (PKCS#10, DER). Of the request
    /// nothing counts but that key.
    ///
    /// # Errors
    /// When `request` is none.
    pub fn issue(
        &self,
        name: &str,
        request: &[u8],
        serial: u64,
        (now, ttl): (Timestamp, SignedDuration),
    ) -> Result<Issued, AuthorityError> {
        let key = requested(request)?;
        let mut params = params(now, ttl);
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = vec![SanType::URI(spiffe_id(name).try_into()?)];
        params.serial_number = Some(SerialNumber::from(serial));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Issued {
            pem: certificate.pem(),
            until: now.saturating_add(ttl).unwrap_or(Timestamp::MAX),
        })
    }

    /// A certificate for this host under `names`, and its key, which is kept nowhere.
    ///
    /// # Errors
    /// When a name can't stand in a certificate.
    pub fn own(
        &self,
        names: &[String],
        (now, ttl): (Timestamp, SignedDuration),
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = params(now, ttl);
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((
            certificate.der().clone(),
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        ))
    }
}

/// The key that asks for a certificate.
fn requested(request: &[u8]) -> Result<rcgen::PublicKey, AuthorityError> {
    if request.len() > MAX_REQUEST {
        let why = format!("it is longer than {MAX_REQUEST} bytes");
        return Err(AuthorityError::Request(why));
    }
    let request = CertificateSigningRequestDer::from(request);
    let request = CertificateSigningRequestParams::from_der(&request);
    let request = request.map_err(|error| AuthorityError::Request(error.to_string()))?;
    Ok(request.public_key)
}

fn params(now: Timestamp, ttl: SignedDuration) -> CertificateParams {
    let time = |at: Timestamp| {
        let seconds = u64::try_from(at.as_second()).unwrap_or_default();
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds)
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = time(now.saturating_sub(SLOW_CLOCKS).unwrap_or(Timestamp::MIN));
    params.not_after = time(now.saturating_add(ttl).unwrap_or(Timestamp::MAX));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

/// The keystore's key, as the maker of certificates wants it.
struct Signer {
    key: SigningKey,
    public: [u8; 32],
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.key.sign(message))
    }
}
