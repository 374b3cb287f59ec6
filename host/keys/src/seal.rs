//! What unlocks the keystore: a key file or a passphrase.

use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pkcs8::pkcs5::scrypt;
use serde::{Deserialize, Serialize};
use vouchsafe_ambient::files::{self, Access};
use zeroize::Zeroizing;

use crate::derived::{cipher, prk};
use crate::{KeystoreError, Secret};

/// What the keystore's root is sealed under.
pub enum Seal {
    /// A file of 32 random bytes in hex, closed to everybody but its owner. Made when a keystore is created or
    /// re-sealed under it and it is absent.
    KeyFile(PathBuf),
    /// Something that a person or a credential store knows, stretched with scrypt.
    Passphrase(Secret),
}

/// How the file says which seal it needs; no secret in it. Authenticated with the sealed root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum SealHeader {
    KeyFile,
    Passphrase {
        kdf: Kdf,
        log_n: u8,
        r: u32,
        p: u32,
        salt: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kdf {
    Scrypt,
}

impl SealHeader {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::KeyFile => "key-file",
            Self::Passphrase { .. } => "passphrase",
        }
    }
}

/// 128 MiB and some 0.3 s: the cost that OWASP and the scrypt crate recommend. Tests pay less.
const LOG_N: u8 = if cfg!(test) { 10 } else { 17 };
const R: u32 = 8;
const P: u32 = 1;
/// The most that a file may ask for (1 GiB), so that an edited header can't exhaust the host.
const MAX_LOG_N: u8 = 20;

/// Makes what `seal` needs (a missing key file, a fresh salt) and the header that says so.
pub(crate) fn prepare(seal: &Seal) -> Result<SealHeader, KeystoreError> {
    match seal {
        Seal::KeyFile(path) => {
            if files::read_if_present(path, MAX_KEY_FILE)?.is_none() {
                let bytes = random()?;
                let text = Zeroizing::new(format!("{}\n", hex::encode(bytes.as_slice())));
                files::write_new(path, text.as_bytes(), Access::Private)?;
            }
            Ok(SealHeader::KeyFile)
        }
        Seal::Passphrase(passphrase) if passphrase.expose().is_empty() => {
            Err(KeystoreError::EmptyPassphrase)
        }
        Seal::Passphrase(_) => Ok(SealHeader::Passphrase {
            kdf: Kdf::Scrypt,
            log_n: LOG_N,
            r: R,
            p: P,
            salt: BASE64.encode(random()?.as_slice()),
        }),
    }
}

/// Seals `roots` so that `header` is bound to them.
pub(crate) fn wrap(
    seal: &Seal,
    kind: &SealHeader,
    header: &[u8],
    roots: &[u8],
) -> Result<Vec<u8>, KeystoreError> {
    let secret = unlock(seal, kind)?;
    let key = cipher(&prk(&secret[..]), &[WRAP])?;
    let mut body = roots.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(header), &mut body)?;
    Ok([nonce.as_ref().as_slice(), &body].concat())
}

/// What [`wrap`] sealed.
pub(crate) fn unwrap(
    seal: &Seal,
    kind: &SealHeader,
    header: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let secret = unlock(seal, kind)?;
    let key = cipher(&prk(&secret[..]), &[WRAP])?;
    let (nonce, body) = sealed
        .split_at_checked(NONCE_LEN)
        .ok_or(KeystoreError::WrongSeal)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeystoreError::WrongSeal)?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = key
        .open_in_place(nonce, Aad::from(header), &mut body)
        .map_err(|_| KeystoreError::WrongSeal)?
        .len();
    body.truncate(length);
    Ok(body)
}

const WRAP: &[u8] = b"vouchsafe/v1/seal";
const MAX_KEY_FILE: u64 = 4096;

/// 32 random bytes, wiped when dropped.
pub(crate) fn random() -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::fill(bytes.as_mut_slice())?;
    Ok(bytes)
}

fn unlock(seal: &Seal, kind: &SealHeader) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    match (seal, kind) {
        (Seal::KeyFile(path), SealHeader::KeyFile) => read_key_file(path),
        (
            Seal::Passphrase(passphrase),
            SealHeader::Passphrase {
                log_n,
                r,
                p,
                salt,
                kdf: Kdf::Scrypt,
            },
        ) => stretch(passphrase, *log_n, *r, *p, salt),
        (_, other) => Err(KeystoreError::OtherSeal {
            needs: other.kind(),
        }),
    }
}

fn read_key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    if files::is_open_to_others(path)? {
        return Err(KeystoreError::OpenToOthers(path.to_owned()));
    }
    let text = Zeroizing::new(files::read_bounded(path, MAX_KEY_FILE)?);
    let bytes = Zeroizing::new(
        hex::decode(text.trim_ascii()).map_err(|_| KeystoreError::NotAKeyFile(path.to_owned()))?,
    );
    if bytes.len() != 32 {
        return Err(KeystoreError::NotAKeyFile(path.to_owned()));
    }
    Ok(bytes)
}

fn stretch(
    passphrase: &Secret,
    log_n: u8,
    r: u32,
    p: u32,
    salt: &str,
) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    if log_n > MAX_LOG_N || r != R || p != P {
        return Err(KeystoreError::Malformed(
            "the scrypt cost is not one of ours".into(),
        ));
    }
    let bad = |what: &str| KeystoreError::Malformed(format!("the {what} of the seal is not valid"));
    let salt = BASE64.decode(salt).map_err(|_| bad("salt"))?;
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| bad("scrypt cost"))?;
    let mut key = Zeroizing::new(vec![0; 32]);
    scrypt::scrypt(passphrase.expose(), &salt, &params, &mut key)
        .map_err(|_| bad("scrypt cost"))?;
    Ok(key)
}
