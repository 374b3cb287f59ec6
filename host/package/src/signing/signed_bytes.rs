//! A component's bytes, read again where they are needed and found to be those that were verified.

use super::verify::Verified;
use crate::Digest;

/// Exactly the bytes that a [`Verified`] is about. [`SignedBytes::of`] alone makes one.
#[derive(Debug)]
pub struct SignedBytes {
    digest: Digest,
    bytes: Vec<u8>,
}

/// These are not the bytes that were verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the kept component was changed since it was verified: it is {actual}, not {verified}; install it again"
)]
pub struct OtherBytes {
    /// What was verified.
    pub verified: Digest,
    /// What is here.
    pub actual: Digest,
}

impl SignedBytes {
    /// Finds that `bytes` are those of `verified`. What is checked is what is used: they are not read
    /// from anywhere again.
    ///
    /// # Errors
    /// [`OtherBytes`] when they are not.
    pub fn of(verified: &Verified, bytes: Vec<u8>) -> Result<Self, OtherBytes> {
        let (digest, actual) = (verified.package().digest, Digest::of(&bytes));
        if actual != digest {
            return Err(OtherBytes {
                verified: digest,
                actual,
            });
        }
        Ok(Self { digest, bytes })
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Their digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}
