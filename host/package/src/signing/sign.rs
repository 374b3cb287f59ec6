//! Signing a packed skill with a key: a Sigstore bundle, version 0.3, beside the file.

use std::path::{Path, PathBuf};

use sigstore_bundle::{BundleV03, VerificationMaterialV03};
use sigstore_types::bundle::{MessageDigest, MessageSignature};
use sigstore_types::{DigestBytes, HashAlgorithm, SignatureBytes, SignatureContent};
use vouchsafe_keys::{KeyError, PrivateKey};

use super::bundle::hint;
use crate::Digest;

/// A signature as it is written to a file. `cosign verify-blob --key KEY.pub --bundle FILE
/// --insecure-ignore-tlog` takes it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle(String);

impl Bundle {
    /// The JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// Why a package was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key can't sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The bundle can't be written down.
    #[error("the bundle can't be written: {0}")]
    Bundle(String),
}

/// Signs `bytes`, a whole packed component. No log is told of it: whoever trusts the key says
/// `transparency = "none"`.
///
/// # Errors
/// When the key can't sign.
pub fn sign(bytes: &[u8], key: &PrivateKey) -> Result<Bundle, SignError> {
    let signature = SignatureBytes::from_bytes(&key.sign(bytes)?);
    let digest = DigestBytes::new(Digest::of(bytes).as_bytes().to_vec());
    let content = MessageSignature::new(signature)
        .with_message_digest(MessageDigest::new(HashAlgorithm::Sha2256, digest));
    let material = VerificationMaterialV03::PublicKey {
        hint: hint(&key.public()),
    };
    BundleV03::new(material, SignatureContent::MessageSignature(content))
        .into_bundle()
        .to_json()
        .map(Bundle)
        .map_err(|e| SignError::Bundle(e.to_string()))
}

/// Where the bundle of `component` stands: `FILE.wasm.sigstore.json`.
#[must_use]
pub fn bundle_path(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".sigstore.json");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use vouchsafe_keys::Algorithm;

    use super::*;

    #[test]
    fn a_bundle_is_what_cosign_writes_for_a_key() {
        let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
        let bundle = sign(b"skill", &key).unwrap();
        let json: serde_json::Value = serde_json::from_str(bundle.as_json()).unwrap();
        assert_eq!(
            json["mediaType"],
            "application/vnd.dev.sigstore.bundle.v0.3+json"
        );
        assert_eq!(
            json["verificationMaterial"]["publicKey"]["hint"],
            hint(&key.public())
        );
        assert_eq!(
            json["messageSignature"]["messageDigest"]["algorithm"],
            "SHA2_256"
        );
        assert!(json["messageSignature"]["signature"].is_string());
    }

    /// The hint of a bundle that cosign made, for its key.
    #[test]
    fn the_hint_is_the_digest_of_the_key() {
        let pem = "-----BEGIN PUBLIC KEY-----\n\
                   MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExRRST79+PsrRBnGAI4cMu6Omz2Jh\n\
                   fwlMW+gIutNKVRaMyS4rQKvgngc5p8UbLj55pVHhIoAxi/SRgURZI0J3Xw==\n\
                   -----END PUBLIC KEY-----";
        let key = vouchsafe_keys::PublicKey::from_pem(pem).unwrap();
        assert_eq!(hint(&key), "TLMsSDfG3ajPsWge+z/vX5T/zluXnmvbkTkwLIV68Tk=");
    }

    #[test]
    fn the_bundle_stands_beside_the_file() {
        assert_eq!(
            bundle_path(Path::new("a/payments-1.2.0.wasm")),
            Path::new("a/payments-1.2.0.wasm.sigstore.json")
        );
    }
}
