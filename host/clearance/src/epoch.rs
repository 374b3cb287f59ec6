//! The epoch of the rules: whoever passed the gate under older ones is stopped at the next door.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Counts the changes of what is allowed: a kill, a revocation, an applied policy or grant.
#[derive(Debug, Default, Clone)]
pub struct Epoch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    released: Notify,
    advanced: Notify,
}

#[derive(Debug, Default)]
struct State {
    now: u64,
    /// How many guards of each epoch there are.
    guards: BTreeMap<u64, usize>,
}

impl Epoch {
    /// The epoch now.
    pub fn current(&self) -> u64 {
        self.0.state().now
    }

    /// Begins the next epoch at once: every guard of an older one is stale from here on. Await
    /// [`Advanced::drained`] to know that nobody who holds one is left. Never waits for anything by itself.
    pub fn advance(&self) -> Advanced {
        let mut state = self.0.state();
        state.now += 1;
        self.0.advanced.notify_waiters();
        Advanced {
            epoch: self.clone(),
            to: state.now,
        }
    }

    /// Waits until the epoch is another than `known`, and gives it.
    pub async fn after(&self, known: u64) -> u64 {
        loop {
            // Registered before looking, so that no advance between the two is missed.
            let advanced = self.0.advanced.notified();
            let now = self.current();
            if now != known {
                return now;
            }
            advanced.await;
        }
    }

    /// A guard of the epoch now. Take it before reading what decides.
    pub fn guard(&self) -> Guard {
        let mut state = self.0.state();
        let now = state.now;
        *state.guards.entry(now).or_default() += 1;
        Guard {
            epoch: self.clone(),
            of: now,
        }
    }

    fn held_before(&self, epoch: u64) -> usize {
        self.0
            .state()
            .guards
            .range(..epoch)
            .map(|(_, held)| held)
            .sum()
    }
}

impl Shared {
    /// A panic can't leave the counts between two states.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The epoch was advanced.
#[derive(Debug)]
pub struct Advanced {
    epoch: Epoch,
    to: u64,
}

/// Some who passed the gate before have not ended yet. They can have no new effect; what they had begun may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} effects of before have not ended yet")]
pub struct StillHeld(pub usize);

impl Advanced {
    /// Waits until all guards of older epochs are gone, but no longer than `limit`.
    ///
    /// # Errors
    /// How many are left when the time is up.
    pub async fn drained(self, limit: Duration) -> Result<(), StillHeld> {
        let waiting = async {
            loop {
                // Registered before looking, so that no release between the two is missed.
                let released = self.epoch.0.released.notified();
                if self.epoch.held_before(self.to) == 0 {
                    return;
                }
                released.await;
            }
        };
        match tokio::time::timeout(limit, waiting).await {
            Ok(()) => Ok(()),
            Err(_) => Err(StillHeld(self.epoch.held_before(self.to))),
        }
    }
}

/// Holds an epoch: [`Advanced::drained`] waits for it.
#[derive(Debug)]
pub struct Guard {
    epoch: Epoch,
    of: u64,
}

impl Guard {
    /// Whether the epoch is still the one that was pinned.
    pub fn is_current(&self) -> bool {
        self.epoch.current() == self.of
    }

    /// Another guard of the same epoch, current or not.
    pub(crate) fn again(&self) -> Self {
        *self.epoch.0.state().guards.entry(self.of).or_default() += 1;
        Self {
            epoch: self.epoch.clone(),
            of: self.of,
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.epoch.0.state();
        if let Some(held) = state.guards.get_mut(&self.of) {
            *held -= 1;
            if *held == 0 {
                state.guards.remove(&self.of);
            }
        }
        drop(state);
        self.epoch.0.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn advancing_makes_older_guards_stale_and_waits_for_them() {
        let epoch = Epoch::default();
        let (one, two) = (epoch.guard(), epoch.guard());
        assert!(one.is_current());
        let advanced = epoch.advance();
        assert!(!one.is_current());
        assert!(!one.again().is_current());
        let new = epoch.guard();
        assert!(new.is_current());
        assert_eq!(
            advanced.drained(Duration::from_millis(10)).await,
            Err(StillHeld(2))
        );
        let advanced = epoch.advance();
        let waiting = tokio::spawn(advanced.drained(Duration::from_secs(60)));
        tokio::task::yield_now().await;
        drop((one, two));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(new);
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn who_waits_for_the_next_epoch_hears_of_it() {
        let epoch = Epoch::default();
        let waiting = tokio::spawn({
            let epoch = epoch.clone();
            async move { epoch.after(0).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        epoch.advance();
        assert_eq!(waiting.await.unwrap(), 1);
        assert_eq!(epoch.after(0).await, 1, "it was before");
    }

    #[tokio::test]
    async fn nobody_to_wait_for_is_no_wait() {
        let epoch = Epoch::default();
        assert_eq!(epoch.advance().drained(Duration::ZERO).await, Ok(()));
        assert_eq!(epoch.current(), 1);
    }
}
