//! How often one principal may ask. This stands before the gate, so that asking fills no log.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use vouchsafe_policy::Principal;

/// So many principals are remembered before those at rest are forgotten.
const REMEMBERED: usize = 4096;

/// How often one principal may ask.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    /// In the long run, in each second.
    pub per_second: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

impl Default for RateLimit {
    /// Beyond what an honest agent does, and below what would keep the host from serving others.
    fn default() -> Self {
        const TWENTY_THOUSAND: NonZeroU32 = match NonZeroU32::new(20_000) {
            Some(number) => number,
            None => NonZeroU32::MIN,
        };
        Self {
            per_second: TWENTY_THOUSAND,
            burst: TWENTY_THOUSAND,
        }
    }
}

type Key = (Arc<str>, Arc<str>);

/// What each principal has used of it.
pub(crate) struct Limiter(RateLimiter<Key, HashMapStateStore<Key>, DefaultClock>);

impl Limiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let quota = Quota::per_second(limit.per_second).allow_burst(limit.burst);
        Self(RateLimiter::hashmap(quota))
    }

    /// Whether `principal` may ask once more now.
    pub(crate) fn admits(&self, principal: &Principal) -> bool {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        let key = (Arc::clone(&principal.tenant), Arc::clone(&principal.id));
        self.0.check_key(&key).is_ok()
    }
}
