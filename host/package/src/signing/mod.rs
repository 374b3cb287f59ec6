//! Signatures on packages: bundles, trust, revocations, the highest version seen.
