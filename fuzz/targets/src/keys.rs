//! Keys that live as long as the process: what they sign is believed here and nowhere else.

use std::sync::OnceLock;

use vouchsafe_keys::{Algorithm, PrivateKey, PublicKey};

/// An operator's key. Made anew by each process, so nothing in a corpus can depend on it.
pub(crate) fn operator() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(Algorithm::Ed25519).expect("a key"))
}

/// The keys that are believed: the one that [`operator`] signs with, and one that the seeds name.
pub(crate) fn enrolled() -> Vec<PublicKey> {
    let known = PublicKey::from_pem(KNOWN).expect("the key of the seeds");
    vec![operator().public(), known]
}

/// The public key that seeds are signed with; its private half was thrown away.
pub(crate) const KNOWN: &str = include_str!("../../corpus/key.pub");
