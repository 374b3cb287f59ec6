//! Bundles as they stand in files: read within bounds and strictly, before anything in them is believed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value as Json;
use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{Bundle, MediaType};
use vouchsafe_keys::PublicKey;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::Digest;
use crate::value::{Caps, ParseError, parse_strict};

/// Why a file is not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Not JSON, too large, or with a repeated key.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// JSON, but two readers might read it differently.
    #[error("{0}")]
    Shape(String),
    /// Not a Sigstore bundle.
    #[error("not a sigstore bundle: {0}")]
    Sigstore(String),
}

/// The caps on a bundle: attestations with a software bill of materials reach megabytes.
const CAPS: Caps = Caps {
    depth: 32,
    nodes: 20_000,
    bytes: 8 << 20,
};

/// Reads a bundle of any version.
pub(crate) fn parse(json: &[u8]) -> Result<Bundle, BundleError> {
    let document = parse_strict(json, &CAPS)?;
    check_shape(&document)?;
    let text = str::from_utf8(json).map_err(|e| BundleError::Sigstore(e.to_string()))?;
    let mut bundle = Bundle::from_json(text).map_err(|e| BundleError::Sigstore(e.to_string()))?;
    drop_unsigned_proofs(&mut bundle);
    refuse_bare_entries(&bundle)?;
    refuse_nameless_checkpoints(&bundle)?;
    refuse_roots(&bundle)?;
    Ok(bundle)
}

/// What cosign writes as the hint of a managed key: it names the key and proves nothing.
pub(crate) fn hint(key: &PublicKey) -> String {
    BASE64.encode(Digest::of(key.spki()).as_bytes())
}

/// Whether the bundle brings a certificate, rather than naming a key that the reader must have.
pub(crate) fn carries_certificate(bundle: &Bundle) -> bool {
    !matches!(
        bundle.verification_material.content,
        VerificationMaterialContent::PublicKey(_)
    )
}

/// The fields that a bundle has at the places where one of several stands, or where a key could be
/// smuggled in. Readers that go by protobuf's rules (cosign) refuse others too.
fn check_shape(document: &Json) -> Result<(), BundleError> {
    let top = fields(
        document,
        "the bundle",
        &["mediaType", "verificationMaterial"],
        CONTENT,
    )?;
    let Some(material) = top.get("verificationMaterial") else {
        return Err(BundleError::Shape(
            "`verificationMaterial` is missing".into(),
        ));
    };
    if !top.contains_key("mediaType") {
        // Left out it would be read as the oldest version, with the least proofs.
        return Err(BundleError::Shape("`mediaType` is missing".into()));
    }
    let evidence = &["tlogEntries", "timestampVerificationData"];
    let material = fields(material, "`verificationMaterial`", evidence, MATERIAL)?;
    if let Some(key) = material.get("publicKey") {
        fields(key, "`publicKey`", &["hint"], &[])?;
    }
    if let Some(certificate) = material.get("certificate") {
        fields(certificate, "`certificate`", &["rawBytes"], &[])?;
    }
    Ok(())
}

const CONTENT: &[&str] = &["messageSignature", "dsseEnvelope"];
const MATERIAL: &[&str] = &["publicKey", "certificate", "x509CertificateChain"];

/// `value` as an object with only `any` fields and exactly one of `one_of` (if there are any).
fn fields<'a>(
    value: &'a Json,
    place: &str,
    any: &[&str],
    one_of: &[&str],
) -> Result<&'a serde_json::Map<String, Json>, BundleError> {
    let object = value
        .as_object()
        .ok_or_else(|| BundleError::Shape(format!("{place} is not an object")))?;
    let known = |name: &&String| !any.contains(&name.as_str()) && !one_of.contains(&name.as_str());
    if let Some(unknown) = object.keys().find(known) {
        let unknown: String = unknown.chars().take(64).collect();
        return Err(BundleError::Shape(format!(
            "{place} has no field `{unknown}`"
        )));
    }
    let chosen = one_of
        .iter()
        .filter(|name| object.contains_key(**name))
        .count();
    if !one_of.is_empty() && chosen != 1 {
        let names = one_of.join("`, `");
        return Err(BundleError::Shape(format!(
            "{place} must have exactly one of `{names}`"
        )));
    }
    Ok(object)
}

/// In bundles of version 0.1 the log's promise is the proof. An inclusion proof without a checkpoint, as the
/// first clients wrote it, is signed by nobody and proves nothing.
fn drop_unsigned_proofs(bundle: &mut Bundle) {
    if bundle.media_type != MediaType::Bundle0_1 {
        return;
    }
    for entry in &mut bundle.verification_material.tlog_entries {
        entry
            .inclusion_proof
            .take_if(|proof| proof.checkpoint.is_empty());
    }
}

/// An entry that proves nothing would be carried past the checks of those that do.
fn refuse_bare_entries(bundle: &Bundle) -> Result<(), BundleError> {
    let entries = &bundle.verification_material.tlog_entries;
    let bare = |entry: &&sigstore_types::TransparencyLogEntry| {
        entry.inclusion_proof.is_none() && entry.inclusion_promise.is_none()
    };
    if entries.iter().any(|entry| bare(&entry)) {
        return Err(BundleError::Shape(
            "a log entry has neither an inclusion proof nor a promise".into(),
        ));
    }
    Ok(())
}

/// A log signs its checkpoints under the name that stands in them (`ORIGIN`, or `NAME - TREE` of the
/// first log); signatures of others are witnesses.
fn refuse_nameless_checkpoints(bundle: &Bundle) -> Result<(), BundleError> {
    let proofs = bundle
        .verification_material
        .tlog_entries
        .iter()
        .filter_map(|entry| entry.inclusion_proof.as_ref());
    for checkpoint in proofs.filter_map(|proof| proof.checkpoint.checkpoint()) {
        let origin = checkpoint.origin();
        let name = origin.split_once(" - ").map_or(origin, |(name, _)| name);
        if !checkpoint
            .signatures()
            .iter()
            .any(|signature| signature.name == name)
        {
            return Err(BundleError::Shape(
                "a checkpoint is not signed by the log that it names".into(),
            ));
        }
    }
    Ok(())
}

/// A chain in a bundle ends below the root, which the reader must have from elsewhere.
fn refuse_roots(bundle: &Bundle) -> Result<(), BundleError> {
    let VerificationMaterialContent::X509CertificateChain { certificates } =
        &bundle.verification_material.content
    else {
        return Ok(());
    };
    for certificate in certificates {
        let certificate = Certificate::from_der(certificate.raw_bytes.as_bytes())
            .map_err(|e| BundleError::Shape(format!("a certificate can't be read: {e}")))?;
        if certificate.tbs_certificate.issuer == certificate.tbs_certificate.subject {
            return Err(BundleError::Shape(
                "the chain of certificates brings its own root".into(),
            ));
        }
    }
    Ok(())
}
