//! The epoch of what is in force. A kill or a change advances it; doors look at it last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// Counts changes of what is in force, and knows which effects are under way since which.
#[derive(Debug, Clone)]
pub struct Epoch {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Guards by the epoch in which they were taken; no empty entries.
    held: Mutex<BTreeMap<u64, usize>>,
    current: watch::Sender<u64>,
    released: watch::Sender<()>,
}

impl Default for Epoch {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                held: Mutex::default(),
                current: watch::Sender::new(0),
                released: watch::Sender::new(()),
            }),
        }
    }
}

impl Epoch {
    /// A guard of the current epoch.
    pub fn guard(&self) -> EpochGuard {
        let mut held = self.shared.held();
        let epoch = *self.shared.current.borrow();
        *held.entry(epoch).or_default() += 1;
        drop(held);
        EpochGuard {
            shared: self.shared.clone(),
            epoch,
        }
    }

    /// Begins a new epoch. Returns at once: no door opens any more for what was cleared before.
    pub fn advance(&self) {
        // Under the lock, so that no guard of the old epoch is taken after this returns.
        let _held = self.shared.held();
        self.shared.current.send_modify(|epoch| *epoch += 1);
    }

    /// Waits until every guard of an earlier epoch is gone; `false` if `patience` ran out first.
    pub async fn drained(&self, patience: Duration) -> bool {
        let mut released = self.shared.released.subscribe();
        let gone = async {
            while self.has_earlier() {
                if released.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(patience, gone).await.is_ok()
    }

    fn has_earlier(&self) -> bool {
        let held = self.shared.held();
        let current = *self.shared.current.borrow();
        held.keys().next().is_some_and(|epoch| *epoch < current)
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        // Counts are changed in one step, so a panic elsewhere leaves them right.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held while an effect is under way.
#[derive(Debug)]
pub struct EpochGuard {
    shared: Arc<Shared>,
    epoch: u64,
}

impl EpochGuard {
    /// Whether nothing in force has changed since this was taken.
    pub fn is_current(&self) -> bool {
        *self.shared.current.borrow() == self.epoch
    }
}

impl Drop for EpochGuard {
    fn drop(&mut self) {
        let mut held = self.shared.held();
        if let Some(count) = held.get_mut(&self.epoch) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.epoch);
            }
        }
        drop(held);
        self.shared.released.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_advance_outdates_guards_and_waits_for_them() {
        let epoch = Epoch::default();
        let guard = epoch.guard();
        assert!(guard.is_current());
        epoch.advance();
        assert!(!guard.is_current());
        assert!(epoch.guard().is_current());
        assert!(!epoch.drained(Duration::from_millis(10)).await);
        drop(guard);
        assert!(epoch.drained(Duration::from_secs(5)).await);
    }
}
