//! Keys that are random instead of derived, so that they can be destroyed: what they sealed is then gone.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::{SealError, SealingKey, never_implements, seal};

/// 32 random bytes: a key of AES-256-GCM with random nonces, or of HMAC-SHA256. One key is used for one of the two.
/// It lies on disk only under another key.
pub struct DataKey {
    bytes: Zeroizing<[u8; 32]>,
    cipher: RandomizedNonceKey,
}

impl DataKey {
    /// One that nobody had before.
    ///
    /// # Errors
    /// [`SealError::Failed`] when there is no randomness.
    pub fn random() -> Result<Self, SealError> {
        Self::of(seal::random().map_err(|_| SealError::Failed)?)
    }

    /// Seals `plain` so that only [`DataKey::open`] with the same `context` gets it back: `nonce ‖ ciphertext and tag`.
    ///
    /// # Errors
    /// [`SealError::Failed`] when the cipher refuses.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut body = plain.to_vec();
        let nonce = self
            .cipher
            .seal_in_place_append_tag(Aad::from(context), &mut body)
            .map_err(|_| SealError::Failed)?;
        Ok([nonce.as_ref().as_slice(), &body].concat())
    }

    /// What was sealed.
    ///
    /// # Errors
    /// [`SealError::NotOurs`] for anything but the exact bytes and context of [`DataKey::seal`].
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, SealError> {
        let not_ours = |_| SealError::NotOurs;
        let (nonce, body) = sealed
            .split_at_checked(NONCE_LEN)
            .ok_or(SealError::NotOurs)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(not_ours)?;
        let mut body = body.to_vec();
        let opened = self
            .cipher
            .open_in_place(nonce, Aad::from(context), &mut body);
        let plain = opened.map_err(not_ours)?.len();
        body.truncate(plain);
        Ok(body)
    }

    /// The HMAC-SHA256 of `message`, for a key that seals nothing.
    pub fn tag(&self, message: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_slice());
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&key, message).as_ref());
        tag
    }

    /// This key sealed under `other`.
    ///
    /// # Errors
    /// As [`DataKey::seal`].
    pub fn wrapped(&self, other: &Self, context: &[u8]) -> Result<Vec<u8>, SealError> {
        other.seal(self.bytes.as_slice(), context)
    }

    /// The key that [`DataKey::wrapped`] sealed under `other`.
    ///
    /// # Errors
    /// As [`DataKey::open`].
    pub fn unwrapped(wrapped: &[u8], other: &Self, context: &[u8]) -> Result<Self, SealError> {
        Self::of_slice(&Zeroizing::new(other.open(wrapped, context)?))
    }

    /// This key sealed under one of the keystore's.
    ///
    /// # Errors
    /// As [`SealingKey::seal`].
    pub fn sealed(&self, host: &SealingKey, context: &[u8]) -> Result<Vec<u8>, SealError> {
        host.seal(self.bytes.as_slice(), context)
    }

    /// The key that [`DataKey::sealed`] sealed.
    ///
    /// # Errors
    /// As [`SealingKey::open`].
    pub fn unsealed(sealed: &[u8], host: &SealingKey, context: &[u8]) -> Result<Self, SealError> {
        Self::of_slice(&Zeroizing::new(host.open(sealed, context)?))
    }

    fn of_slice(bytes: &[u8]) -> Result<Self, SealError> {
        let bytes = bytes.try_into().map_err(|_| SealError::NotOurs)?;
        Self::of(Zeroizing::new(bytes))
    }

    fn of(bytes: Zeroizing<[u8; 32]>) -> Result<Self, SealError> {
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice())
            .map_err(|_| SealError::Failed)?;
        Ok(Self { bytes, cipher })
    }
}

never_implements!(DataKey: Clone, std::fmt::Debug, std::fmt::Display, serde::Serialize);
