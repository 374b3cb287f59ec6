//! Hashes of RFC 6962, section 2.1: a leaf's and a node's can't be mistaken for each other.

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256.
pub type Hash = [u8; 32];

/// The hash of a log's entry.
pub fn leaf(entry: &[u8]) -> Hash {
    hash(&[&[0], entry])
}

/// The hash of two subtrees side by side.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

/// The root of a tree without leaves.
pub fn empty() -> Hash {
    hash(&[])
}

/// SHA-256 of `bytes`, as records name the one before.
pub fn sha256(bytes: &[u8]) -> Hash {
    hash(&[bytes])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
