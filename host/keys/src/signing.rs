//! Keys that sign in the host's own name, derived from the keystore's roots.

use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::Prk;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use crate::derived::fill;
use crate::never_implements;

/// Ed25519 (RFC 8032) for one purpose, by the newest root. What older roots signed can still be told.
#[derive(Clone)]
pub struct SigningKey {
    newest: Arc<Ed25519KeyPair>,
    /// Newest first.
    publics: Vec<[u8; 32]>,
}

impl SigningKey {
    /// The signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.newest.sign(message).as_ref().to_vec()
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        public(&self.newest)
    }

    /// The public halves of all generations, newest first.
    pub fn publics(&self) -> &[[u8; 32]] {
        &self.publics
    }

    pub(crate) fn derive(newest_first: &[Prk], info: &[u8]) -> Result<Self, Unspecified> {
        let pairs = newest_first.iter().map(|root| pair(root, info));
        let pairs: Vec<_> = pairs.collect::<Result<_, _>>()?;
        let publics = pairs.iter().map(public).collect();
        let newest = pairs.into_iter().next().ok_or(Unspecified)?;
        Ok(Self {
            newest: Arc::new(newest),
            publics,
        })
    }
}

fn pair(root: &Prk, info: &[u8]) -> Result<Ed25519KeyPair, Unspecified> {
    let mut seed = Zeroizing::new([0; 32]);
    fill(root, &[info, b"/sign"], &mut seed)?;
    Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| Unspecified)
}

fn public(pair: &Ed25519KeyPair) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(pair.public_key().as_ref());
    bytes
}

never_implements!(SigningKey: std::fmt::Debug, std::fmt::Display, serde::Serialize);

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;
    use crate::derived::prk;

    #[test]
    fn each_purpose_and_root_has_a_key_of_its_own_and_the_newest_signs() {
        let roots = [prk(&[8; 32]), prk(&[7; 32])];
        let key = SigningKey::derive(&roots, b"one").unwrap();
        let older = SigningKey::derive(&roots[1..], b"one").unwrap();
        let other = SigningKey::derive(&roots, b"two").unwrap();
        assert_eq!(key.publics(), [key.public(), older.public()]);
        assert_ne!(key.public(), older.public());
        assert_ne!(key.public(), other.public());
        let check = |public: [u8; 32], signature: &[u8]| {
            let public = UnparsedPublicKey::new(&ED25519, public);
            public.verify(b"m", signature).is_ok()
        };
        assert!(check(key.public(), &key.sign(b"m")));
        assert!(!check(older.public(), &key.sign(b"m")));
    }
}
