//! `verify-bundle` as the Sigstore client conformance protocol has it: one bundle, one expected signer.
//!
//! This is the public Sigstore question, without `trust.toml`. The log is never left out.

use sigstore_crypto::VerificationKey;
use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_types::{
    Artifact as SigstoreArtifact, Bundle, DerPublicKey, HashAlgorithm, Sha256Hash, SignatureContent,
};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use super::bundle::{self, BundleError};
use super::sigstore::EvidenceError;
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
    let root = trusted_root.unwrap_or(SIGSTORE_PRODUCTION_TRUSTED_ROOT);
    let root = TrustedRoot::from_json(root).map_err(|e| VerifyBundleError::Root(e.to_string()))?;
    let verifier = Verifier::new(&root).map_err(|e| VerifyBundleError::Root(e.to_string()))?;
    let artifact = match artifact {
        Artifact::Bytes(bytes) => SigstoreArtifact::from_blob(bytes),
        Artifact::Digest(digest) => {
            SigstoreArtifact::from_digest(Sha256Hash::new(*digest.as_bytes()))
        }
    };
    if let Expected::Key(pem) = expected
        && has_no_evidence(&bundle)
        && root.tlogs.is_empty()
        && root.timestamp_authorities.is_empty()
    {
        return key_alone(&bundle, pem, &artifact);
    }
    let proven = match expected {
        Expected::Identity { identity, issuer } => verifier.verify(
            artifact,
            &bundle,
            &VerificationPolicy::new(identity, issuer),
        ),
        Expected::Key(pem) => {
            let key =
                DerPublicKey::from_pem(pem).map_err(|e| VerifyBundleError::Key(e.to_string()))?;
            verifier.verify(artifact, &bundle, &PublicKeyVerificationPolicy::new(key))
        }
    };
    let proven = proven.map_err(refused)?;
    if !proven.tlog_verified() || bundle.verification_material.tlog_entries.is_empty() {
        return Err(EvidenceError::Log("the bundle has no log entry".into()).into());
    }
    Ok(())
}

fn public_key(pem: &str) -> Result<DerPublicKey, VerifyBundleError> {
    DerPublicKey::from_pem(pem).map_err(|e| VerifyBundleError::Key(e.to_string()))
}

fn has_no_evidence(bundle: &Bundle) -> bool {
    let material = &bundle.verification_material;
    material.tlog_entries.is_empty()
        && material
            .timestamp_verification_data
            .rfc3161_timestamps
            .is_empty()
}

/// The signature over the artifact, and nothing else.
fn key_alone(
    bundle: &Bundle,
    pem: &str,
    artifact: &SigstoreArtifact<'_>,
) -> Result<(), VerifyBundleError> {
    let key = public_key(pem)?;
    let unverifiable = |why: &str| EvidenceError::Unverifiable(why.into());
    let SignatureContent::MessageSignature(content) = &bundle.content else {
        return Err(unverifiable(
            "without a log only a signature over the artifact can be verified",
        )
        .into());
    };
    if bundle::carries_certificate(bundle) {
        return Err(unverifiable("it brings a certificate, and a key is expected").into());
    }
    let digest = match (artifact.blob(), artifact.digest()) {
        (Some(bytes), _) => Digest::of(bytes).as_bytes().to_vec(),
        (None, Some(digest)) => digest.as_bytes().to_vec(),
        (None, None) => return Err(unverifiable("there is no artifact").into()),
    };
    let signed = content.message_digest.as_ref();
    if signed.is_some_and(|signed| {
        signed.algorithm != HashAlgorithm::Sha2256 || signed.digest.as_bytes() != digest
    }) {
        return Err(EvidenceError::OtherBytes("its `messageDigest` is another".into()).into());
    }
    let key =
        VerificationKey::from_spki(&key).map_err(|e| VerifyBundleError::Key(e.to_string()))?;
    let verified = match (key.scheme().hash_algorithm(), artifact.blob()) {
        (Some(HashAlgorithm::Sha2256), _) => key.verify_prehashed(&digest, &content.signature),
        (_, Some(bytes)) => key.verify(bytes, &content.signature),
        _ => return Err(unverifiable("this key needs the artifact, not its SHA-256").into()),
    };
    Ok(verified.map_err(|e| EvidenceError::Signature(e.to_string()))?)
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
