//! Signatures on packages: bundles, trust, revocations, the highest version seen.
//!
//! The way in is [`verify`]: from bytes and a bundle to [`Verified`], or to the reason why not. A key or
//! certificate that a bundle brings is never believed by itself: a key must stand in `trust.toml`, and a
//! certificate must chain to the pinned Sigstore root, be in its logs, and name an identity of `trust.toml`.

mod bundle;
mod conformance;
mod facts;
mod identity;
mod key_alone;
mod memory;
mod revocation;
mod sign;
mod signed_bytes;
mod sigstore;
mod statement;
mod trust;
mod verify;

pub use bundle::BundleError;
pub use conformance::{Artifact, Expected, VerifyBundleError, digest_argument, verify_bundle};
pub use identity::{IdentityError, IdentityPattern, Signer};
pub use memory::{MemoryError, Rollback, VersionMemory};
pub use revocation::{
    PAYLOAD_TYPE as REVOCATIONS_TYPE, RevocationError, RevocationList, Revocations, Revoked,
};
pub use sign::{Bundle, SignError, bundle_path, sign};
pub use signed_bytes::{OtherBytes, SignedBytes};
pub use sigstore::{EvidenceError, STAGING_ROOT};
pub use trust::{
    Publisher, Recognised, RevocationPolicy, StaleError, Transparency, Trust, TrustError,
};
pub use verify::{Verified, VerifyError, still_trusted, verify, verify_again, verify_signer};

#[cfg(test)]
mod tests;
