//! A verified skill and the grant in force for it: the second of the proofs.

use std::sync::Arc;

use vouchsafe_package::{Digest, SkillName, Version};

use crate::effective::Effective;
use crate::grant::Grant;

/// What was granted to one component, in force.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) skill: SkillName,
    pub(crate) version: Version,
    pub(crate) digest: Digest,
    pub(crate) grant: Arc<Grant>,
    pub(crate) effective: Effective,
    pub(crate) grant_digest: Digest,
    pub(crate) policy_digest: Digest,
    /// Whether the grant pins other bytes and follows to these.
    pub(crate) followed: bool,
}
