//! How many there may be of one kind, so that nobody keeps all others out.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many of each key at most.
pub(super) struct Counts<K> {
    most: usize,
    there: Mutex<BTreeMap<K, usize>>,
}

/// One that is there, until it is dropped.
pub(super) struct Counted<K: Ord> {
    counts: Arc<Counts<K>>,
    key: K,
}

impl<K: Ord + Clone> Counts<K> {
    /// None yet, and `most` of each.
    pub(super) fn of(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            there: Mutex::default(),
        })
    }

    /// One more of `key`, where there may be.
    pub(super) fn enter(self: &Arc<Self>, key: K) -> Option<Counted<K>> {
        let mut there = self.there();
        let count = there.entry(key.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(there);
        Some(Counted {
            counts: self.clone(),
            key,
        })
    }
}

impl<K: Ord> Counts<K> {
    fn there(&self) -> MutexGuard<'_, BTreeMap<K, usize>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut there = self.counts.there();
        if let Some(count) = there.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                there.remove(&self.key);
            }
        }
    }
}

/// Who can have as many addresses as they like has one here: a network of IPv6 is one client's (RFC 6177).
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_count_and_gives_it_back() {
        let counts = Counts::of(2);
        let (one, two) = (counts.enter("a"), counts.enter("a"));
        assert!(one.is_some() && two.is_some() && counts.enter("a").is_none());
        assert!(counts.enter("b").is_some());
        drop(one);
        assert!(counts.enter("a").is_some());
        drop(two);
        assert!(counts.there().is_empty());
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
