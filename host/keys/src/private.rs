//! Private keys of publishers and operators: PKCS#8 PEM, encrypted with scrypt and AES-256-CBC.

use std::str;

use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{Decode, SecretDocument};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};

use crate::public::algorithm_of;
use crate::{PublicKey, Secret, never_implements};

/// Which signatures a key makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Algorithm {
    /// ECDSA on NIST P-256 with SHA-256, signatures in DER. What cosign makes and expects.
    #[default]
    EcdsaP256,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// What went wrong with a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a key that can be read.
    #[error("cannot read the key: {0}")]
    Malformed(String),
    /// Another algorithm or curve.
    #[error("the key is neither ECDSA P-256 nor Ed25519")]
    Unsupported,
    /// The key is encrypted and no passphrase was given.
    #[error("the key is encrypted: a passphrase is needed")]
    NeedsPassphrase,
    /// The passphrase is another one, or the file was changed.
    #[error("the passphrase does not open this key")]
    WrongPassphrase,
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The cryptographic library refused.
    #[error("the cryptographic library failed")]
    Crypto,
}

/// A key that signs. Its bytes leave it only encrypted.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    EcdsaP256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    /// A fresh key.
    ///
    /// # Errors
    /// [`KeyError::Crypto`], such as for lack of randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let pair = match algorithm {
            Algorithm::EcdsaP256 => Pair::EcdsaP256(
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
                    .map_err(|_| KeyError::Crypto)?,
            ),
            Algorithm::Ed25519 => {
                Pair::Ed25519(Ed25519KeyPair::generate().map_err(|_| KeyError::Crypto)?)
            }
        };
        Self::of(pair)
    }

    /// Reads PKCS#8 PEM, encrypted (then `passphrase` is needed) or plain.
    ///
    /// # Errors
    /// When it is neither, is of another algorithm, or the passphrase does not open it.
    pub fn from_pem(pem: &str, passphrase: Option<&Secret>) -> Result<Self, KeyError> {
        let (label, document) = SecretDocument::from_pem(pem.trim()).map_err(malformed)?;
        if label == PrivateKeyInfoRef::<'_>::PEM_LABEL {
            return Self::from_pkcs8(document.as_bytes());
        }
        if label != EncryptedPrivateKeyInfoRef::<'_>::PEM_LABEL {
            return Err(KeyError::Malformed(format!(
                "`{label}` is not a PKCS#8 private key"
            )));
        }
        let passphrase = passphrase.ok_or(KeyError::NeedsPassphrase)?;
        let sealed =
            EncryptedPrivateKeyInfoRef::<'_>::from_der(document.as_bytes()).map_err(malformed)?;
        refuse_absurd_cost(&sealed.encryption_algorithm)?;
        let plain = sealed
            .decrypt(passphrase.expose())
            .map_err(|_| KeyError::WrongPassphrase)?;
        Self::from_pkcs8(plain.as_bytes())
    }

    /// As an `ENCRYPTED PRIVATE KEY` block, which `openssl pkey` reads too.
    ///
    /// # Errors
    /// For an empty passphrase, or when the cryptographic library fails.
    pub fn to_encrypted_pem(&self, passphrase: &Secret) -> Result<String, KeyError> {
        if passphrase.expose().is_empty() {
            return Err(KeyError::EmptyPassphrase);
        }
        let document = match &self.pair {
            Pair::EcdsaP256(pair) => pair.to_pkcs8v1(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1(),
        }
        .map_err(|_| KeyError::Crypto)?;
        let sealed = PrivateKeyInfoRef::<'_>::from_der(document.as_ref())
            .map_err(malformed)?
            .encrypt_with_params(encryption()?, passphrase.expose())
            .map_err(|_| KeyError::Crypto)?;
        let pem = sealed
            .to_pem(EncryptedPrivateKeyInfoRef::<'_>::PEM_LABEL, LineEnding::LF)
            .map_err(malformed)?;
        Ok(pem.to_string())
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// The signature over `message` (DER for P-256).
    ///
    /// # Errors
    /// [`KeyError::Crypto`], such as for lack of randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = match &self.pair {
            Pair::EcdsaP256(pair) => pair.sign(&SystemRandom::new(), message),
            Pair::Ed25519(pair) => pair.try_sign(message),
        };
        Ok(signature.map_err(|_| KeyError::Crypto)?.as_ref().to_vec())
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::<'_>::from_der(der).map_err(malformed)?;
        let bad = |e: aws_lc_rs::error::KeyRejected| KeyError::Malformed(e.to_string());
        let pair = match algorithm_of(&info.algorithm)? {
            Algorithm::EcdsaP256 => Pair::EcdsaP256(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der).map_err(bad)?,
            ),
            Algorithm::Ed25519 => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(bad)?),
        };
        Self::of(pair)
    }

    fn of(pair: Pair) -> Result<Self, KeyError> {
        let public = match &pair {
            Pair::EcdsaP256(pair) => {
                PublicKey::from_raw(Algorithm::EcdsaP256, pair.public_key().as_ref())
            }
            Pair::Ed25519(pair) => {
                PublicKey::from_raw(Algorithm::Ed25519, pair.public_key().as_ref())
            }
        }?;
        Ok(Self { pair, public })
    }
}

/// OWASP's figures for scrypt within 16 MiB: OpenSSL opens nothing that needs more than 32 MiB.
const LOG_N: u8 = 14;
const R: u32 = 8;
const P: u32 = 5;
/// The most memory that a key file may ask for.
const MAX_SCRYPT_BYTES: u64 = 1 << 30;

fn encryption() -> Result<pbes2::Parameters, KeyError> {
    let mut salt = [0; 16];
    let mut iv = [0; 16];
    rand::fill(&mut salt).map_err(|_| KeyError::Crypto)?;
    rand::fill(&mut iv).map_err(|_| KeyError::Crypto)?;
    let cost = scrypt::Params::new(LOG_N, R, P).map_err(|_| KeyError::Crypto)?;
    pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).map_err(|_| KeyError::Crypto)
}

fn refuse_absurd_cost(scheme: &EncryptionScheme) -> Result<(), KeyError> {
    let Some(scrypt) = scheme
        .pbes2()
        .and_then(|parameters| parameters.kdf.scrypt())
    else {
        return Ok(());
    };
    let bytes = scrypt
        .cost_parameter
        .saturating_mul(u64::from(scrypt.block_size))
        .saturating_mul(128)
        .saturating_mul(u64::from(scrypt.parallelization));
    if bytes > MAX_SCRYPT_BYTES {
        return Err(KeyError::Malformed(
            "its scrypt cost is beyond reason".into(),
        ));
    }
    Ok(())
}

fn malformed(error: impl std::fmt::Display) -> KeyError {
    KeyError::Malformed(error.to_string())
}

never_implements!(PrivateKey: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the tests hand files to the `openssl` of the machine"
)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Output};

    use super::*;
    use crate::Hashed;

    fn passphrase() -> Secret {
        Secret::from("correct horse".to_owned())
    }

    #[test]
    fn a_signature_verifies_with_its_key_alone() {
        for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let other = PrivateKey::generate(algorithm).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(key.public().verify(b"message", &signature));
            assert!(!key.public().verify(b"massage", &signature));
            assert!(!other.public().verify(b"message", &signature));
            assert!(!key.public().verify(b"message", b""));
            let public = key.public();
            assert!(public.verify_hashed(&Hashed::of(b"message"), &signature));
            assert!(!public.verify_hashed(&Hashed::of(b"massage"), &signature));
            assert!(
                !other
                    .public()
                    .verify_hashed(&Hashed::of(b"message"), &signature)
            );
            assert!(!public.verify_hashed(&Hashed::of(b"message"), b""));
        }
    }

    #[test]
    fn an_encrypted_key_comes_back_with_its_passphrase_alone() {
        for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let pem = key.to_encrypted_pem(&passphrase()).unwrap();
            let back = PrivateKey::from_pem(&pem, Some(&passphrase())).unwrap();
            assert_eq!(back.public(), key.public());
            let wrong = Secret::from("wrong".to_owned());
            assert!(PrivateKey::from_pem(&pem, Some(&wrong)).is_err());
            assert!(matches!(
                PrivateKey::from_pem(&pem, None),
                Err(KeyError::NeedsPassphrase)
            ));
        }
    }

    #[test]
    fn a_public_key_survives_its_pem() {
        for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
            let key = PrivateKey::generate(algorithm).unwrap().public();
            assert_eq!(PublicKey::from_pem(&key.to_pem()).unwrap(), key);
            assert!(key.fingerprint().starts_with("sha256:"));
        }
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        let mut spki = PrivateKey::generate(Algorithm::EcdsaP256)
            .unwrap()
            .public()
            .spki()
            .to_vec();
        *spki.last_mut().unwrap() ^= 1;
        assert!(matches!(
            PublicKey::from_spki(&spki),
            Err(KeyError::Unsupported)
        ));
    }

    #[test]
    fn an_absurd_cost_is_refused_before_it_is_paid() {
        let cost = scrypt::Params::new(24, 8, 8).unwrap();
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &[0; 16], [0; 16]).unwrap();
        assert!(refuse_absurd_cost(&scheme.into()).is_err());
        assert!(refuse_absurd_cost(&encryption().unwrap().into()).is_ok());
    }

    /// OpenSSL is the other reader: people will look at these keys with it.
    #[test]
    fn openssl_reads_what_is_written_and_the_other_way_round() {
        if openssl(&["version"]).is_none() {
            eprintln!("not checked: there is no `openssl` on this machine");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        for (algorithm, theirs) in [
            (
                Algorithm::EcdsaP256,
                ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"].as_slice(),
            ),
            (Algorithm::Ed25519, ["ED25519"].as_slice()),
        ] {
            let path = dir.path().join("key.pem");
            ours_read_by_openssl(algorithm, &path);
            theirs_read_by_us(theirs, &path);
        }
    }

    fn ours_read_by_openssl(algorithm: Algorithm, path: &Path) {
        let key = PrivateKey::generate(algorithm).unwrap();
        std::fs::write(path, key.to_encrypted_pem(&passphrase()).unwrap()).unwrap();
        let file = path.to_str().unwrap();
        let read = openssl(&[
            "pkey",
            "-in",
            file,
            "-passin",
            "pass:correct horse",
            "-pubout",
        ])
        .unwrap();
        assert!(
            read.status.success(),
            "{}",
            str::from_utf8(&read.stderr).unwrap()
        );
        assert_eq!(str::from_utf8(&read.stdout).unwrap(), key.public().to_pem());
    }

    fn theirs_read_by_us(algorithm: &[&str], path: &Path) {
        let file = path.to_str().unwrap();
        let made = [
            &[
                "genpkey",
                "-out",
                file,
                "-aes256",
                "-pass",
                "pass:correct horse",
                "-algorithm",
            ],
            algorithm,
        ];
        assert!(openssl(&made.concat()).unwrap().status.success());
        let pem = std::fs::read_to_string(path).unwrap();
        let key = PrivateKey::from_pem(&pem, Some(&passphrase())).unwrap();
        let public = openssl(&[
            "pkey",
            "-in",
            file,
            "-passin",
            "pass:correct horse",
            "-pubout",
        ])
        .unwrap();
        assert_eq!(
            str::from_utf8(&public.stdout).unwrap(),
            key.public().to_pem()
        );
    }

    fn openssl(arguments: &[&str]) -> Option<Output> {
        Command::new("openssl").args(arguments).output().ok()
    }
}
