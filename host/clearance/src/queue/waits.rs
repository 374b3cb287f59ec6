//! How many calls may stay open while people decide.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Open calls of one principal.
const OF_ONE: usize = 16;
/// Open calls in all.
const IN_ALL: usize = 64;

/// Counts them.
#[derive(Debug, Clone, Default)]
pub struct Waits(Arc<Mutex<BTreeMap<String, usize>>>);

/// One of them; dropping it makes room.
#[derive(Debug)]
pub struct Waiting {
    all: Waits,
    principal: String,
}

impl Waits {
    pub(super) fn take(&self, principal: &str) -> Option<Waiting> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = counts.values().sum();
        let theirs = counts.entry(principal.to_owned()).or_default();
        if *theirs >= OF_ONE || all >= IN_ALL {
            return None;
        }
        *theirs += 1;
        Some(Waiting {
            all: self.clone(),
            principal: principal.to_owned(),
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(theirs) = counts.get_mut(&self.principal) {
            *theirs -= 1;
            if *theirs == 0 {
                counts.remove(&self.principal);
            }
        }
    }
}
