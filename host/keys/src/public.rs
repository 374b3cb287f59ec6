//! Public keys: ECDSA P-256 and Ed25519, read and written as PEM (SPKI).

use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm,
};
use pkcs8::der::asn1::{BitStringRef, ObjectIdentifier};
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{Decode, Document, Encode};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use pkcs8::{LineEnding, der};

use crate::{Algorithm, KeyError};

/// A message with its SHA-256, computed once for whoever asks: a large one that may have been signed
/// with any of several keys.
#[derive(Debug)]
pub struct Hashed<'m> {
    bytes: &'m [u8],
    sha256: Digest,
}

impl<'m> Hashed<'m> {
    /// Hashes `bytes`.
    pub fn of(bytes: &'m [u8]) -> Self {
        let sha256 = digest(&SHA256, bytes);
        Self { bytes, sha256 }
    }

    /// The message.
    pub fn bytes(&self) -> &'m [u8] {
        self.bytes
    }

    /// Its SHA-256.
    pub fn sha256(&self) -> [u8; 32] {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.sha256.as_ref());
        sha256
    }
}

/// A key that signatures are checked with. Two are equal when their canonical SPKI is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PublicKey {
    algorithm: Algorithm,
    /// The point (uncompressed) or the Ed25519 key.
    raw: Vec<u8>,
    /// Canonical SubjectPublicKeyInfo.
    spki: Vec<u8>,
    /// What it is called; calls are checked against it.
    fingerprint: Box<str>,
}

impl PublicKey {
    /// Reads one `PUBLIC KEY` block.
    ///
    /// # Errors
    /// For anything but one P-256 or Ed25519 key in its canonical encoding.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) =
            Document::from_pem(pem.trim()).map_err(|e| KeyError::Malformed(e.to_string()))?;
        if label != SubjectPublicKeyInfoRef::<'_>::PEM_LABEL {
            return Err(KeyError::Malformed(format!(
                "`{label}` is not a public key"
            )));
        }
        Self::from_spki(document.as_bytes())
    }

    /// Reads a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// As [`PublicKey::from_pem`].
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let spki = SubjectPublicKeyInfoRef::<'_>::from_der(der)
            .map_err(|e| KeyError::Malformed(e.to_string()))?;
        let raw = spki
            .subject_public_key
            .as_bytes()
            .ok_or(KeyError::Unsupported)?;
        let algorithm = algorithm_of(&spki.algorithm)?;
        let key = Self::from_raw(algorithm, raw)?;
        if key.spki != der {
            return Err(KeyError::Malformed(
                "the key is not in its canonical encoding".into(),
            ));
        }
        Ok(key)
    }

    /// As one `PUBLIC KEY` block.
    pub fn to_pem(&self) -> String {
        Document::try_from(self.spki.as_slice())
            .and_then(|document| {
                document.to_pem(SubjectPublicKeyInfoRef::<'_>::PEM_LABEL, LineEnding::LF)
            })
            .unwrap_or_default()
    }

    /// The canonical DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Which algorithm its signatures have.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `sha256:` and the hex digest of the SPKI: the key's name everywhere.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.to_string()
    }

    /// Whether it is the key called `fingerprint`.
    pub fn is_called(&self, fingerprint: &str) -> bool {
        *self.fingerprint == *fingerprint
    }

    /// Whether `signature` (DER for P-256) is this key's over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(verification(self.algorithm), &self.raw)
            .verify(message, signature)
            .is_ok()
    }

    /// As [`PublicKey::verify`], without hashing the message again for a signature over its hash.
    pub fn verify_hashed(&self, message: &Hashed<'_>, signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::EcdsaP256 => UnparsedPublicKey::new(verification(self.algorithm), &self.raw)
                .verify_digest(&message.sha256, signature)
                .is_ok(),
            // It hashes by itself, and not the message alone.
            Algorithm::Ed25519 => self.verify(message.bytes, signature),
        }
    }

    pub(crate) fn from_raw(algorithm: Algorithm, raw: &[u8]) -> Result<Self, KeyError> {
        let canonical = match algorithm {
            Algorithm::EcdsaP256 => raw.len() == 65 && raw.first() == Some(&4),
            Algorithm::Ed25519 => raw.len() == 32,
        };
        // Parsing checks that the point is on the curve.
        if !canonical || ParsedPublicKey::new(verification(algorithm), raw).is_err() {
            return Err(KeyError::Unsupported);
        }
        let spki = encode(algorithm, raw).map_err(|e| KeyError::Malformed(e.to_string()))?;
        let fingerprint = format!("sha256:{}", hex::encode(digest(&SHA256, &spki)));
        Ok(Self {
            algorithm,
            raw: raw.to_vec(),
            spki,
            fingerprint: fingerprint.into(),
        })
    }
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The algorithm that an SPKI or PKCS#8 header names.
pub(crate) fn algorithm_of(id: &AlgorithmIdentifierRef<'_>) -> Result<Algorithm, KeyError> {
    if id.oid == ED25519_OID && id.parameters.is_none() {
        return Ok(Algorithm::Ed25519);
    }
    let curve = id
        .parameters
        .and_then(|p| p.decode_as::<ObjectIdentifier>().ok());
    if id.oid == EC_PUBLIC_KEY && curve == Some(P256) {
        return Ok(Algorithm::EcdsaP256);
    }
    Err(KeyError::Unsupported)
}

fn verification(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        Algorithm::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
        Algorithm::Ed25519 => &ED25519,
    }
}

fn encode(algorithm: Algorithm, raw: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = match algorithm {
        Algorithm::EcdsaP256 => AlgorithmIdentifierRef {
            oid: EC_PUBLIC_KEY,
            parameters: Some((&P256).into()),
        },
        Algorithm::Ed25519 => AlgorithmIdentifierRef {
            oid: ED25519_OID,
            parameters: None,
        },
    };
    let subject_public_key = BitStringRef::from_bytes(raw)?;
    SubjectPublicKeyInfo {
        algorithm,
        subject_public_key,
    }
    .to_der()
}
