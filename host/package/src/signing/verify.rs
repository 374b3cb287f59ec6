//! From bytes and a bundle to [`Verified`]: a publisher whom `trust.toml` names signed exactly this package.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use sigstore_types::{Bundle, HashAlgorithm, MediaType, SignatureContent};
use vouchsafe_keys::{Hashed, PublicKey};

use super::bundle::{self, BundleError};
use super::identity::Signer;
use super::revocation::{Revocations, Revoked};
use super::sigstore::{EvidenceError, certified, logged};
use super::trust::{Publisher, Recognised, StaleError, Transparency, Trust, TrustError};
use crate::package::mark::Marks;
use crate::{Digest, Package, ReadError, ReadLimits};

/// A package that a trusted publisher signed. [`verify`] alone makes one; it is not `Clone`.
#[derive(Debug)]
pub struct Verified {
    package: Package,
    publisher: String,
    signer: Signer,
    transparency: Transparency,
}

vouchsafe_keys::never_implements!(Verified: Clone, serde::Serialize);

impl Verified {
    /// What the package says of itself.
    #[must_use]
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// The publisher's name in `trust.toml`.
    #[must_use]
    pub fn publisher(&self) -> &str {
        &self.publisher
    }

    /// Who signed.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Whether the transparency log was asked for.
    #[must_use]
    pub fn transparency(&self) -> Transparency {
        self.transparency
    }
}

/// Why a package is refused.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no bundle.
    #[error("unsigned: there is no bundle beside it (`FILE.wasm.sigstore.json`)")]
    Unsigned,
    /// The file beside it is not a bundle.
    #[error("the signature can't be read: {0}")]
    Bundle(#[from] BundleError),
    /// A bundle of a kind that does not vouch for a package.
    #[error("the bundle does not vouch for the package: {0}")]
    Kind(&'static str),
    /// The bundle is about other bytes.
    #[error(
        "the signature is for {signed}, these bytes are {actual}: changed after signing, or another file's bundle"
    )]
    OtherBytes {
        /// What was signed.
        signed: String,
        /// What is here.
        actual: Digest,
    },
    /// No key of `trust.toml` made the signature.
    #[error(
        "signed by another key, or changed after signing: no key that is trusted here made this signature (it names {hint})"
    )]
    OtherKey {
        /// What the bundle says of its key.
        hint: String,
    },
    /// The bundle brings its own certificate, but nobody is trusted by identity.
    #[error(
        "the bundle brings its own certificate, which proves nothing here: nobody is trusted by `identity` here"
    )]
    OwnCertificate,
    /// The evidence in the bundle does not hold.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Proven, but nobody in `trust.toml`.
    #[error("signed as `{identity}` (issuer `{issuer}`), which nobody trusted here is")]
    OtherIdentity {
        /// Who signed.
        identity: String,
        /// Who authenticated that.
        issuer: String,
    },
    /// The bytes, the key or the identity are revoked.
    #[error(transparent)]
    Revoked(#[from] Revoked),
    /// The revocation list does not do.
    #[error(transparent)]
    Stale(#[from] StaleError),
    /// Signed by somebody trusted, but not a package.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Signed by somebody trusted, for other namespaces.
    #[error("`{publisher}` ({place}) signed it, but may not sign namespace `{namespace}`{owner}")]
    NotTheirs {
        /// Who signed.
        publisher: String,
        /// Where that publisher stands.
        place: String,
        /// The package's namespace.
        namespace: String,
        /// Whose it is, in words; empty when nobody's.
        owner: String,
    },
    /// The pinned root of Sigstore can't be used.
    #[error(transparent)]
    Root(#[from] TrustError),
    /// What `trust.toml` said at load no longer holds.
    #[error("trust.toml no longer names `{publisher}` as it did when this skill was loaded")]
    NoLongerTrusted {
        /// Who was trusted.
        publisher: String,
    },
}

/// Verifies `bytes` with the bundle beside them. In this order: the list of revocations does, the bundle
/// is read within bounds, digest, signature and (as the publisher's entry demands) certificate, times and
/// log, who that is, revocations; only then are the bytes read as a package, and its namespace must be the
/// signer's.
///
/// # Errors
/// [`VerifyError`] with the first reason.
pub fn verify(
    bytes: impl AsRef<[u8]>,
    bundle_json: &[u8],
    trust: &Trust,
    revocations: &Revocations,
    limits: &ReadLimits,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let bytes = bytes.as_ref();
    let (digest, signer) = prove(bytes, bundle_json, trust, revocations, now)?;
    vouch(Package::read_as(digest, bytes, limits)?, signer, trust)
}

/// As [`verify`], with the default limits; only the last step, reading the bytes as a package, may be
/// answered by `marks`.
///
/// # Errors
/// [`VerifyError`] with the first reason.
pub fn verify_again(
    bytes: &[u8],
    bundle_json: &[u8],
    trust: &Trust,
    revocations: &Revocations,
    marks: &Marks,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let (digest, signer) = prove(bytes, bundle_json, trust, revocations, now)?;
    vouch(marks.read_as(digest, bytes)?, signer, trust)
}

/// Who signed exactly these bytes, neither being revoked.
fn prove(
    bytes: &[u8],
    bundle_json: &[u8],
    trust: &Trust,
    revocations: &Revocations,
    now: Timestamp,
) -> Result<(Digest, Signer), VerifyError> {
    trust.revocations().check(revocations, now)?;
    let bundle = read(bundle_json)?;
    let message = Hashed::of(bytes);
    let digest = Digest::from_bytes(message.sha256());
    check_digest(&bundle, digest)?;
    let signer = prove_signer(&bundle, &message, trust)?;
    revocations.check(&digest, &signer)?;
    Ok((digest, signer))
}

fn vouch(package: Package, signer: Signer, trust: &Trust) -> Result<Verified, VerifyError> {
    let publisher = publisher_of(&signer, package.name.namespace(), trust)?;
    let (publisher, transparency) = (publisher.name().to_owned(), publisher.transparency());
    Ok(Verified {
        package,
        publisher,
        signer,
        transparency,
    })
}

/// Who signed `bytes`, where one signer is expected whatever `trust.toml` says (`vouchsafe verify --key`).
/// It vouches for nothing: [`verify`] alone makes a [`Verified`]. A certificate needs the log's proof, a
/// key does not.
///
/// # Errors
/// [`VerifyError`] when somebody else signed, or a proof is missing.
pub fn verify_signer(
    bytes: &[u8],
    bundle_json: &[u8],
    expected: &Recognised,
    trusted_root: Option<&str>,
) -> Result<Signer, VerifyError> {
    let trust = Trust::expecting(expected, trusted_root)?;
    let bundle = read(bundle_json)?;
    let message = Hashed::of(bytes);
    check_digest(&bundle, Digest::from_bytes(message.sha256()))?;
    prove_signer(&bundle, &message, &trust)
}

fn read(bundle_json: &[u8]) -> Result<Bundle, VerifyError> {
    if bundle_json.trim_ascii().is_empty() {
        return Err(VerifyError::Unsigned);
    }
    Ok(bundle::parse(bundle_json)?)
}

/// Whether `verified`, once loaded, may still run: cheap enough for every call.
///
/// # Errors
/// [`VerifyError`] when its publisher is no longer trusted as it was, when it is revoked, or when the
/// list of revocations has become too old.
pub fn still_trusted(
    verified: &Verified,
    trust: &Trust,
    revocations: &Revocations,
    now: Timestamp,
) -> Result<(), VerifyError> {
    trust.revocations().check(revocations, now)?;
    revocations.check(&verified.package.digest, &verified.signer)?;
    let namespace = verified.package.name.namespace();
    let trusted = trust
        .publisher(&verified.publisher)
        .is_some_and(|publisher| {
            publisher.is(&verified.signer)
                && publisher.owns(namespace)
                && publisher.transparency() == verified.transparency
        });
    if !trusted {
        return Err(VerifyError::NoLongerTrusted {
            publisher: verified.publisher.clone(),
        });
    }
    Ok(())
}

/// Only a signature over the package itself vouches for it. An attestation is a statement *about* it,
/// and may say that it is bad.
fn check_digest(bundle: &Bundle, actual: Digest) -> Result<(), VerifyError> {
    let SignatureContent::MessageSignature(content) = &bundle.content else {
        return Err(VerifyError::Kind(
            "it is an attestation, not a signature over the package",
        ));
    };
    let Some(signed) = &content.message_digest else {
        return Err(VerifyError::Kind("it has no `messageDigest`"));
    };
    if signed.algorithm != HashAlgorithm::Sha2256 {
        return Err(VerifyError::Kind("its `messageDigest` is not SHA-256"));
    }
    if signed.digest.as_bytes() != actual.as_bytes() {
        return Err(VerifyError::OtherBytes {
            signed: format!("sha256:{}", hex::encode(signed.digest.as_bytes())),
            actual,
        });
    }
    Ok(())
}

fn prove_signer(
    bundle: &Bundle,
    message: &Hashed<'_>,
    trust: &Trust,
) -> Result<Signer, VerifyError> {
    if bundle::carries_certificate(bundle) {
        return prove_identity(bundle, message.bytes(), trust);
    }
    prove_key(bundle, message, trust)
}

fn prove_identity(bundle: &Bundle, bytes: &[u8], trust: &Trust) -> Result<Signer, VerifyError> {
    let by_identity =
        |publisher: &Publisher| matches!(publisher.recognised(), Recognised::Identity { .. });
    let verifier = trust
        .sigstore()
        .filter(|_| trust.publishers().iter().any(by_identity))
        .ok_or(VerifyError::OwnCertificate)?;
    let signer = certified(verifier, bundle, bytes)?;
    if trust
        .publishers()
        .iter()
        .any(|publisher| publisher.is(&signer))
    {
        return Ok(signer);
    }
    match signer {
        Signer::Identity { identity, issuer } => {
            Err(VerifyError::OtherIdentity { identity, issuer })
        }
        Signer::Key { fingerprint } => Err(VerifyError::OtherKey { hint: fingerprint }),
    }
}

/// Tries the keys of `trust.toml`; the bundle's hint is not asked.
fn prove_key(bundle: &Bundle, message: &Hashed<'_>, trust: &Trust) -> Result<Signer, VerifyError> {
    if bundle.media_type != MediaType::Bundle0_3 {
        return Err(VerifyError::Kind(
            "a bundle for a key must be of version 0.3",
        ));
    }
    let signature = match &bundle.content {
        SignatureContent::MessageSignature(content) => content.signature.as_bytes(),
        _ => {
            return Err(VerifyError::Kind(
                "it is an attestation, not a signature over the package",
            ));
        }
    };
    let keys = trust
        .publishers()
        .iter()
        .flat_map(|publisher| match publisher.recognised() {
            Recognised::Keys(keys) => keys.as_slice(),
            Recognised::Identity { .. } => &[],
        });
    let Some(key) = keys
        .into_iter()
        .find(|key| key.verify_hashed(message, signature))
    else {
        return Err(VerifyError::OtherKey {
            hint: shown_hint(bundle),
        });
    };
    require_log(bundle, message.bytes(), trust, key)?;
    Ok(Signer::Key {
        fingerprint: key.fingerprint(),
    })
}

/// A key that any publisher uses with `transparency = "required"` is only believed with the log's proof.
fn require_log(
    bundle: &Bundle,
    bytes: &[u8],
    trust: &Trust,
    key: &PublicKey,
) -> Result<(), VerifyError> {
    let required = trust.publishers().iter().any(|publisher| {
        publisher.transparency() == Transparency::Required
            && matches!(publisher.recognised(), Recognised::Keys(keys) if keys.contains(key))
    });
    if !required {
        return Ok(());
    }
    let verifier = trust
        .sigstore()
        .ok_or_else(|| EvidenceError::Log("there is no pinned log".into()))?;
    Ok(logged(verifier, bundle, bytes, key)?)
}

fn publisher_of<'a>(
    signer: &Signer,
    namespace: &str,
    trust: &'a Trust,
) -> Result<&'a Publisher, VerifyError> {
    let mut theirs = trust
        .publishers()
        .iter()
        .filter(|publisher| publisher.is(signer))
        .peekable();
    let first = theirs.peek().copied();
    if let Some(publisher) = theirs.find(|publisher| publisher.owns(namespace)) {
        return Ok(publisher);
    }
    Err(VerifyError::NotTheirs {
        publisher: first.map_or_else(String::new, |publisher| publisher.name().to_owned()),
        place: first.map_or_else(String::new, Publisher::place),
        namespace: namespace.to_owned(),
        owner: trust.owner(namespace).map_or_else(String::new, |owner| {
            format!(", which is `{}`'s ({})", owner.name(), owner.place())
        }),
    })
}

fn shown_hint(bundle: &Bundle) -> String {
    use sigstore_types::bundle::VerificationMaterialContent;
    match &bundle.verification_material.content {
        // What this program and cosign write is the digest of the public key, which is shown as everywhere.
        VerificationMaterialContent::PublicKey(key) => match BASE64_STANDARD.decode(&key.hint) {
            Ok(digest) if digest.len() == 32 => format!("sha256:{}", hex::encode(digest)),
            _ => format!("`{}`", key.hint.chars().take(64).collect::<String>()),
        },
        _ => "no key".to_owned(),
    }
}
