//! What the pinned Sigstore instance proves: certificates, times, and that a log holds the signature.

use sigstore_crypto::SubjectAltName;
use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_types::{Bundle, DerPublicKey};
use sigstore_verify::{
    CertificateError, Error, PublicKeyVerificationPolicy, TimestampError, VerificationPolicy,
    Verifier,
};
use vouchsafe_keys::PublicKey;

use super::identity::Signer;

/// The `trusted_root.json` of the public instance for tests, as it is built in.
pub const STAGING_ROOT: &str = sigstore_trust_root::SIGSTORE_STAGING_TRUSTED_ROOT;

/// Reads a `trusted_root.json`; without one, of the public instance as it is built in.
///
/// # Errors
/// When it is another document, or can't be read.
pub(crate) fn root(json: Option<&str>) -> Result<TrustedRoot, String> {
    let json = json.unwrap_or(SIGSTORE_PRODUCTION_TRUSTED_ROOT);
    let root = TrustedRoot::from_json(json).map_err(|e| e.to_string())?;
    if !root.media_type.starts_with(ROOT_MEDIA_TYPE) {
        return Err(format!("its `mediaType` is not `{ROOT_MEDIA_TYPE}…`"));
    }
    Ok(root)
}

const ROOT_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot";

/// Why evidence that a bundle brings is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The signature is not over these bytes, or not with this key.
    #[error("the signature does not match: {0}")]
    Signature(String),
    /// The bundle is about other bytes.
    #[error("the bundle is for other bytes: {0}")]
    OtherBytes(String),
    /// The certificate had run out when it was used.
    #[error("expired certificate: {0}")]
    Expired(String),
    /// The certificate was used before its time.
    #[error("certificate not yet valid: {0}")]
    NotYetValid(String),
    /// The certificate is not of the pinned Sigstore instance.
    #[error("the certificate is not trusted: {0}")]
    Certificate(String),
    /// There is no proof that the log holds the signature, or it is wrong.
    #[error("no valid proof that the transparency log holds it: {0}")]
    Log(String),
    /// No time of signing is proven.
    #[error("no valid time of signing: {0}")]
    Time(String),
    /// The bundle, or what it uses, can't be verified.
    #[error("the bundle can't be verified: {0}")]
    Unverifiable(String),
    /// The certificate names nobody, or nobody vouches for the name.
    #[error("the certificate names no signer and issuer")]
    Nameless,
}

/// Proves who signed `bytes` by the certificate in `bundle`: its chain, its own log, its times, and the
/// transparency log. Whether that signer is wanted is for the caller to say.
pub(crate) fn certified(
    verifier: &Verifier,
    bundle: &Bundle,
    bytes: &[u8],
) -> Result<Signer, EvidenceError> {
    let proven = verifier.verify(bytes, bundle, &VerificationPolicy::any_identity())?;
    if !(proven.certificate_verified() && proven.sct_verified() && proven.tlog_verified()) {
        return Err(EvidenceError::Unverifiable(
            "not every proof was checked".into(),
        ));
    }
    match (proven.identity(), proven.issuer()) {
        (Some(SubjectAltName::Uri(name) | SubjectAltName::Email(name)), Some(issuer)) => {
            Ok(Signer::Identity {
                identity: name.clone(),
                issuer: issuer.to_owned(),
            })
        }
        _ => Err(EvidenceError::Nameless),
    }
}

/// Proves that `key` signed `bytes` and that the transparency log holds the signature.
pub(crate) fn logged(
    verifier: &Verifier,
    bundle: &Bundle,
    bytes: &[u8],
    key: &PublicKey,
) -> Result<(), EvidenceError> {
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.spki().to_vec()));
    if bundle.verification_material.tlog_entries.is_empty() {
        return Err(EvidenceError::Log("the bundle has no log entry".into()));
    }
    verifier.verify(bytes, bundle, &policy)?;
    Ok(())
}

impl From<Error> for EvidenceError {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        match error {
            Error::SignatureInvalid(_) => Self::Signature(said),
            Error::ArtifactMismatch(_) => Self::OtherBytes(said),
            Error::Certificate(CertificateError::Expired { .. }) => Self::Expired(said),
            Error::Certificate(CertificateError::NotYetValid { .. }) => Self::NotYetValid(said),
            Error::Certificate(CertificateError::ChainInvalid(_))
                if said.contains("CertExpired") =>
            {
                Self::Expired(said)
            }
            Error::Certificate(CertificateError::ChainInvalid(_))
                if said.contains("CertNotValidYet") =>
            {
                Self::NotYetValid(said)
            }
            Error::Certificate(_) => Self::Certificate(said),
            Error::TransparencyLog(_) => Self::Log(said),
            Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => Self::Log(said),
            Error::Timestamp(_) => Self::Time(said),
            // What is missing here is a log entry, its proof, or its promise.
            Error::Bundle(_) => Self::Log(said),
            _ => Self::Unverifiable(said),
        }
    }
}
