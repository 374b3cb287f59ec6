//! `verify-bundle` as the Sigstore client conformance protocol has it: one bundle, one expected signer.
//!
//! This is the public Sigstore question, without `trust.toml`. The log is never left out.

use sigstore_trust_root::TrustedRoot;
use sigstore_types::{
    Artifact as SigstoreArtifact, Bundle, DerPublicKey, Sha256Hash, SignatureContent,
};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use super::bundle::{self, BundleError};
use super::sigstore::{self, EvidenceError};
use super::{key_alone, statement};
use crate::Digest;

/// Who is expected to have signed.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// The subject of the certificate and who authenticated it, both exact.
    Identity {
        /// The subject.
        identity: &'a str,
        /// Who authenticated it.
        issuer: &'a str,
    },
    /// The holder of this key (PEM, any algorithm that Sigstore knows).
    Key(&'a str),
}

/// What is expected to have been signed.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// Bytes of this digest.
    Digest(Digest),
}

/// Why a bundle does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyBundleError {
    /// Not a bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The trusted root can't be used.
    #[error("the trusted root can't be used: {0}")]
    Root(String),
    /// The key can't be read.
    #[error("the key can't be read: {0}")]
    Key(String),
    /// Somebody else signed.
    #[error("signed by somebody else: {0}")]
    OtherSigner(String),
    /// What the bundle proves is not enough.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

/// Verifies `bundle_json`, offline, against `trusted_root` (JSON) or the built-in production root.
///
/// The log is never left out where the root names one. A custom root that names none leaves nothing to ask,
/// and a key then decides alone; a certificate never does.
///
/// # Errors
/// Each reason of [`VerifyBundleError`].
pub fn verify_bundle(
    bundle_json: &[u8],
    trusted_root: Option<&str>,
    expected: Expected<'_>,
    artifact: Artifact<'_>,
) -> Result<(), VerifyBundleError> {
    let bundle = bundle::parse(bundle_json)?;
    let root = sigstore::root(trusted_root).map_err(VerifyBundleError::Root)?;
    if let SignatureContent::DsseEnvelope(envelope) = &bundle.content {
        statement::check(envelope, artifact)?;
    }
    match statement::as_signature(&bundle) {
        Some((bundle, encoding)) => prove(&bundle, &root, expected, Artifact::Bytes(&encoding)),
        None => prove(&bundle, &root, expected, artifact),
    }
}

/// That whoever is expected signed `artifact`, or an attestation that was found to be about it.
fn prove(
    bundle: &Bundle,
    root: &TrustedRoot,
    expected: Expected<'_>,
    artifact: Artifact<'_>,
) -> Result<(), VerifyBundleError> {
    let verifier = Verifier::new(root).map_err(|e| VerifyBundleError::Root(e.to_string()))?;
    let names_no_log = root.tlogs.is_empty() && root.timestamp_authorities.is_empty();
    let proven = match expected {
        Expected::Identity { identity, issuer } => {
            verifier.verify(artifact, bundle, &VerificationPolicy::new(identity, issuer))
        }
        Expected::Key(pem) => {
            let key =
                DerPublicKey::from_pem(pem).map_err(|e| VerifyBundleError::Key(e.to_string()))?;
            if names_no_log && key_alone::has_no_evidence(bundle) {
                return Ok(key_alone::verify(bundle, &key, artifact)?);
            }
            verifier.verify(artifact, bundle, &PublicKeyVerificationPolicy::new(key))
        }
    };
    let proven = proven.map_err(refused)?;
    if !proven.tlog_verified() || bundle.verification_material.tlog_entries.is_empty() {
        return Err(EvidenceError::Log("the bundle has no log entry".into()).into());
    }
    Ok(())
}

impl<'a> From<Artifact<'a>> for SigstoreArtifact<'a> {
    fn from(artifact: Artifact<'a>) -> Self {
        match artifact {
            Artifact::Bytes(bytes) => Self::from_blob(bytes),
            Artifact::Digest(digest) => Self::from_digest(Sha256Hash::new(*digest.as_bytes())),
        }
    }
}

fn refused(error: sigstore_verify::Error) -> VerifyBundleError {
    use sigstore_verify::Error;
    match error {
        Error::IdentityMismatch { .. } | Error::IssuerMismatch { .. } => {
            VerifyBundleError::OtherSigner(error.to_string())
        }
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            VerifyBundleError::Root(error.to_string())
        }
        other => EvidenceError::from(other).into(),
    }
}

/// The digest that `FILE_OR_DIGEST` spells, if it does: `sha256:` and 64 hex digits of either case.
/// The protocol wants a file of that very name to win; that is for the caller to look.
#[must_use]
pub fn digest_argument(text: &str) -> Option<Digest> {
    text.to_ascii_lowercase()
        .parse()
        .ok()
        .filter(|_| text.starts_with("sha256:"))
}
