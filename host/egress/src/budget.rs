//! What a call has sent and received at each destination.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use vouchsafe_policy::http::HttpBounds;

/// What one call has used, by destination.
#[derive(Debug, Default)]
pub(crate) struct Budget(Mutex<HashMap<String, Arc<Used>>>);

/// What one call has used of one destination.
#[derive(Debug, Default)]
pub(crate) struct Used {
    requests: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Budget {
    /// Counts a request to `name`; `None` if that is one too many.
    pub(crate) fn request(&self, name: &str, bounds: &HttpBounds) -> Option<Arc<Used>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = Arc::clone(all.entry(name.to_owned()).or_default());
        add(&used.requests, 1, bounds.requests).then_some(used)
    }
}

impl Used {
    /// Counts bytes that are about to be sent; `false` if they are too many.
    pub(crate) fn send(&self, bytes: usize, bounds: &HttpBounds) -> bool {
        add(&self.sent, bytes as u64, bounds.sent)
    }

    /// Counts bytes that came; `false` if they are too many.
    pub(crate) fn receive(&self, bytes: usize, bounds: &HttpBounds) -> bool {
        add(&self.received, bytes as u64, bounds.received)
    }
}

fn add(counter: &AtomicU64, more: u64, most: u64) -> bool {
    let before = counter.fetch_add(more, Ordering::Relaxed);
    before.saturating_add(more) <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_a_bound_is_not_let_through_and_other_destinations_notice_nothing() {
        let bounds = HttpBounds {
            requests: 2,
            sent: 10,
            received: 10,
            ..HttpBounds::default()
        };
        let budget = Budget::default();
        let used = budget.request("bank", &bounds).unwrap();
        assert!(used.send(6, &bounds) && used.receive(10, &bounds));
        let again = budget.request("bank", &bounds).unwrap();
        assert!(!again.send(5, &bounds) && !again.receive(1, &bounds));
        assert!(budget.request("bank", &bounds).is_none());
        assert!(budget.request("files", &bounds).is_some());
    }
}
