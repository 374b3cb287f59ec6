//! Keys derived from the keystore's root: one for authenticating and one for sealing per purpose.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use aws_lc_rs::{error::Unspecified, hmac};
use zeroize::Zeroizing;

use crate::never_implements;

/// HMAC-SHA256 for one purpose, by the newest root alone: what an older root authenticated no longer
/// verifies, since whoever knows that root could have made it.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// The tag of `message`.
    pub fn tag(&self, message: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        tag
    }

    /// Whether `tag` was made over `message` with this key, in constant time. False for a tag of another length.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, message, tag).is_ok()
    }

    pub(crate) fn derive(root: &Prk, info: &[u8]) -> Result<Self, Unspecified> {
        let info = [info, b"/mac"];
        let key = root.expand(&info, hmac::HMAC_SHA256)?;
        Ok(Self(hmac::Key::from(key)))
    }
}

/// What can go wrong with sealed bytes; which of the reasons is not told apart on purpose.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// Not sealed by this keystore for this purpose and context, or changed since.
    #[error("sealed data was changed, belongs elsewhere, or was sealed by another keystore")]
    NotOurs,
    /// The cipher refused, such as for lack of randomness.
    #[error("sealing failed")]
    Failed,
}

/// AES-256-GCM with random nonces for one purpose. Seals with the newest root, opens with any generation.
#[derive(Clone)]
pub struct SealingKey {
    newest: (u32, Arc<RandomizedNonceKey>),
    /// Newest first, by generation number. Older keys are derived when something needs them, so that opening a
    /// keystore costs the same after many rotations.
    roots: Arc<[(u32, Prk)]>,
    info: &'static [u8],
}

/// `version ‖ generation ‖ nonce ‖ ciphertext and tag`, the first two authenticated.
const VERSION: u8 = 1;
const PREFIX: usize = 5;

impl SealingKey {
    /// Seals `plain` so that only [`SealingKey::open`] with the same `context` gets it back.
    ///
    /// # Errors
    /// [`SealError::Failed`] when the cipher refuses.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, SealError> {
        let (number, key) = &self.newest;
        let prefix = prefix(*number);
        let mut body = plain.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(aad(&prefix, context)), &mut body)
            .map_err(|_| SealError::Failed)?;
        Ok([prefix.as_slice(), nonce.as_ref(), &body].concat())
    }

    /// What was sealed.
    ///
    /// # Errors
    /// [`SealError::NotOurs`] for anything but the exact bytes and context of [`SealingKey::seal`].
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, SealError> {
        let (head, rest) = sealed.split_at_checked(PREFIX).ok_or(SealError::NotOurs)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::NotOurs)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::NotOurs)?;
        let key = self.key_of(head)?;
        let mut body = body.to_vec();
        let plain = key
            .open_in_place(nonce, Aad::from(aad(head, context)), &mut body)
            .map_err(|_| SealError::NotOurs)?
            .len();
        body.truncate(plain);
        Ok(body)
    }

    /// The key of the generation that `head` names.
    fn key_of(&self, head: &[u8]) -> Result<Arc<RandomizedNonceKey>, SealError> {
        let (newest, key) = &self.newest;
        if prefix(*newest) == head {
            return Ok(Arc::clone(key));
        }
        let mut roots = self.roots.iter();
        let root = roots.find(|(number, _)| prefix(*number) == head);
        let (_, root) = root.ok_or(SealError::NotOurs)?;
        let key = cipher(root, &[self.info, b"/seal"]).map_err(|_| SealError::NotOurs)?;
        Ok(Arc::new(key))
    }

    pub(crate) fn derive(
        newest_first: &Arc<[(u32, Prk)]>,
        info: &'static [u8],
    ) -> Result<Self, Unspecified> {
        let (number, root) = newest_first.first().ok_or(Unspecified)?;
        Ok(Self {
            newest: (*number, Arc::new(cipher(root, &[info, b"/seal"])?)),
            roots: Arc::clone(newest_first),
            info,
        })
    }
}

/// The cipher whose key is derived from `root` for `info`.
pub(crate) fn cipher(root: &Prk, info: &[&[u8]]) -> Result<RandomizedNonceKey, Unspecified> {
    let mut bytes = Zeroizing::new([0; 32]);
    fill(root, info, &mut bytes)?;
    RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice())
}

/// Fills `bytes` with what is derived from `root` for `info`.
pub(crate) fn fill(root: &Prk, info: &[&[u8]], bytes: &mut [u8; 32]) -> Result<(), Unspecified> {
    root.expand(info, Len32)?.fill(bytes.as_mut_slice())
}

/// The root secret as HKDF wants it.
pub(crate) fn prk(root: &[u8]) -> Prk {
    aws_lc_rs::hkdf::Salt::new(HKDF_SHA256, b"vouchsafe keystore").extract(root)
}

struct Len32;

impl KeyType for Len32 {
    fn len(&self) -> usize {
        32
    }
}

fn prefix(generation: u32) -> [u8; PREFIX] {
    let [a, b, c, d] = generation.to_be_bytes();
    [VERSION, a, b, c, d]
}

/// The prefix has a fixed length, so the concatenation is unambiguous.
fn aad(prefix: &[u8], context: &[u8]) -> Vec<u8> {
    [prefix, context].concat()
}

never_implements!(MacKey: std::fmt::Debug, std::fmt::Display, serde::Serialize);
never_implements!(SealingKey: std::fmt::Debug, std::fmt::Display, serde::Serialize);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealing(root: &[u8], info: &'static [u8]) -> SealingKey {
        SealingKey::derive(&Arc::from([(1, prk(root))]), info).unwrap()
    }

    #[test]
    fn purposes_are_apart() {
        let root = prk(&[7; 32]);
        let one = MacKey::derive(&root, b"one").unwrap();
        let two = MacKey::derive(&root, b"two").unwrap();
        assert!(one.verify(b"m", &one.tag(b"m")));
        assert!(!two.verify(b"m", &one.tag(b"m")));
        let sealed = sealing(&[7; 32], b"one").seal(b"x", b"").unwrap();
        assert_eq!(
            sealing(&[7; 32], b"two").open(&sealed, b""),
            Err(SealError::NotOurs)
        );
    }

    #[test]
    fn a_short_or_empty_tag_is_refused() {
        let key = MacKey::derive(&prk(&[7; 32]), b"one").unwrap();
        let tag = key.tag(b"m");
        assert!(!key.verify(b"m", b""));
        assert!(!key.verify(b"m", &tag[..16]));
    }

    #[test]
    fn the_context_is_bound() {
        let key = sealing(&[7; 32], b"one");
        let sealed = key.seal(b"plain", b"record 1").unwrap();
        assert_eq!(key.open(&sealed, b"record 1").unwrap(), b"plain");
        assert_eq!(key.open(&sealed, b"record 2"), Err(SealError::NotOurs));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(plain: Vec<u8>, at: prop::sample::Index, flip in 1..=255u8) {
            let key = sealing(&[7; 32], b"one");
            let mut sealed = key.seal(&plain, b"c").unwrap();
            prop_assert_eq!(key.open(&sealed, b"c").unwrap(), plain);
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            prop_assert_eq!(key.open(&sealed, b"c"), Err(SealError::NotOurs));
        }

        #[test]
        fn any_cut_is_noticed(at: prop::sample::Index) {
            let key = sealing(&[7; 32], b"one");
            let sealed = key.seal(b"plain", b"c").unwrap();
            prop_assert!(key.open(&sealed[..at.index(sealed.len())], b"c").is_err());
        }
    }
}
