//! A key where the trusted root names no log: the signature over the artifact, and nothing else.

use sigstore_crypto::{ArtifactHasher, KeyAlgorithm, verify_signature, verify_signature_prehashed};
use sigstore_types::bundle::MessageSignature;
use sigstore_types::{ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm, SignatureContent};

use super::bundle;
use super::conformance::Artifact;
use super::sigstore::EvidenceError;

/// Whether nothing but the key can be asked about `bundle`.
pub(crate) fn has_no_evidence(bundle: &Bundle) -> bool {
    let material = &bundle.verification_material;
    material.tlog_entries.is_empty()
        && material
            .timestamp_verification_data
            .rfc3161_timestamps
            .is_empty()
}

/// Whether `key` made the signature in `bundle` over `artifact`, with the hash that the bundle names.
///
/// # Errors
/// When it did not, or the bundle is not for a key.
pub(crate) fn verify(
    bundle: &Bundle,
    key: &DerPublicKey,
    artifact: Artifact<'_>,
) -> Result<(), EvidenceError> {
    let unverifiable = |why: &str| EvidenceError::Unverifiable(why.into());
    let SignatureContent::MessageSignature(content) = &bundle.content else {
        return Err(unverifiable("it has no signature over the artifact"));
    };
    if bundle::carries_certificate(bundle) {
        return Err(unverifiable(
            "it brings a certificate, and a key is expected",
        ));
    }
    let algorithm = KeyAlgorithm::from_spki(key).map_err(|e| unverifiable(&e.to_string()))?;
    let scheme = match &content.message_digest {
        Some(named) => algorithm.resolve_signing_scheme(named.algorithm),
        None => Ok(algorithm.default_signing_scheme()),
    }
    .map_err(|e| unverifiable(&e.to_string()))?;
    check_digest(content, artifact)?;
    let verified = match (artifact, scheme.hash_algorithm()) {
        (Artifact::Bytes(bytes), _) => verify_signature(key, bytes, &content.signature, scheme),
        (Artifact::Digest(digest), Some(HashAlgorithm::Sha2256)) => {
            verify_signature_prehashed(key, digest.as_bytes(), &content.signature, scheme)
        }
        (Artifact::Digest(_), _) => {
            return Err(unverifiable(
                "this signature needs the artifact, not its SHA-256",
            ));
        }
    };
    verified.map_err(|e| EvidenceError::Signature(e.to_string()))
}

/// `messageDigest`, where there is one, is the artifact's.
fn check_digest(content: &MessageSignature, artifact: Artifact<'_>) -> Result<(), EvidenceError> {
    let Some(named) = &content.message_digest else {
        return Ok(());
    };
    let actual = match artifact {
        Artifact::Bytes(bytes) => hash(named.algorithm, bytes)?,
        Artifact::Digest(digest) => ArtifactDigest::sha256((*digest.as_bytes()).into()),
    };
    if actual.algorithm() != named.algorithm || *actual.value() != named.digest {
        return Err(EvidenceError::OtherBytes(
            "its `messageDigest` is another".into(),
        ));
    }
    Ok(())
}

fn hash(algorithm: HashAlgorithm, bytes: &[u8]) -> Result<ArtifactDigest, EvidenceError> {
    let mut hasher =
        ArtifactHasher::new(algorithm).map_err(|e| EvidenceError::Unverifiable(e.to_string()))?;
    hasher.update(bytes);
    Ok(hasher.finalize())
}
