//! What an attestation says: the in-toto statement in a DSSE envelope, and which artifact it is about.

use sigstore_types::bundle::MessageSignature;
use sigstore_types::{Bundle, DsseEnvelope, KindVersion, SignatureContent, Statement};

use super::conformance::Artifact;
use super::sigstore::EvidenceError;
use crate::Digest;

/// What is signed is a statement, and not something else that reads like one.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The statements whose meaning is known here. In another type the same fields may mean anything
/// (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>).
const TYPES: [&str; 2] = [
    "https://in-toto.io/Statement/v1",
    "https://in-toto.io/Statement/v0.1",
];

/// Whether `envelope` holds a statement about `artifact`. Who signed it is not asked.
///
/// # Errors
/// When it is no statement of a known type, or about other artifacts.
pub(crate) fn check(envelope: &DsseEnvelope, artifact: Artifact<'_>) -> Result<(), EvidenceError> {
    let unverifiable = |why: String| Err(EvidenceError::Unverifiable(why));
    if envelope.payload_type != PAYLOAD_TYPE {
        return unverifiable(format!("the attestation is not `{PAYLOAD_TYPE}`"));
    }
    let statement: Statement = match serde_json::from_slice(envelope.payload.as_bytes()) {
        Ok(statement) => statement,
        Err(e) => return unverifiable(format!("the attestation's statement can't be read: {e}")),
    };
    if !TYPES.contains(&statement.type_.as_str()) {
        return unverifiable("the attestation's statement is of an unknown `_type`".into());
    }
    if !names(&statement, artifact) {
        return Err(EvidenceError::OtherBytes(
            "no subject of the attestation's statement is this artifact".into(),
        ));
    }
    Ok(())
}

fn names(statement: &Statement, artifact: Artifact<'_>) -> bool {
    let sha256 = |digest: Digest| statement.matches_sha256(&(*digest.as_bytes()).into());
    match artifact {
        Artifact::Digest(digest) => sha256(digest),
        Artifact::Bytes(bytes) => {
            sha256(Digest::of(bytes)) || statement.matches_sha512(&sigstore_crypto::sha512(bytes))
        }
    }
}

/// An envelope's signature is one over its encoding (PAE), and a log of the first Rekor may hold it as just
/// that. Asked so, log, times, certificate and signature are held against the encoding.
///
/// None where the log holds the envelope itself.
pub(crate) fn as_signature(bundle: &Bundle) -> Option<(Bundle, Vec<u8>)> {
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return None;
    };
    let entries = &bundle.verification_material.tlog_entries;
    if entries
        .iter()
        .any(|entry| entry.kind_version != KindVersion::HashedRekordV001)
    {
        return None;
    }
    let mut signed = bundle.clone();
    signed.content =
        SignatureContent::MessageSignature(MessageSignature::new(envelope.signature.sig.clone()));
    Some((signed, envelope.pae()))
}
