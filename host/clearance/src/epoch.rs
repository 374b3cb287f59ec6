//! The epoch of the rules: whoever passed the gate under older ones is stopped at the next door.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use vouchsafe_package::Digest;

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
    /// How many guards of each epoch each component has; `None` for those of what is not cleared yet.
    guards: BTreeMap<(u64, Option<Digest>), usize>,
}

impl Epoch {
    /// The epoch now.
    pub fn current(&self) -> u64 {
        self.0.state().now
    }

    /// Begins the next epoch at once: every guard of an older one is stale from here on. Await
    /// [`Advanced::drained`] to know that no component that matters holds one. Never waits for anything by itself.
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
        let now = self.0.state().now;
        self.hold(now, None)
    }

    fn hold(&self, of: u64, by: Option<Digest>) -> Guard {
        *self.0.state().guards.entry((of, by)).or_default() += 1;
        let epoch = self.clone();
        Guard { epoch, of, by }
    }

    fn held_before(&self, epoch: u64, whose: impl Fn(&Digest) -> bool) -> usize {
        let state = self.0.state();
        let held = state.guards.range(..(epoch, None));
        held.filter(|((_, by), _)| by.as_ref().is_some_and(&whose))
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
    /// Waits until no component of those that `whose` says has a guard of an older epoch, but no longer than `limit`.
    ///
    /// # Errors
    /// How many are left when the time is up.
    pub async fn drained(
        self,
        limit: Duration,
        whose: impl Fn(&Digest) -> bool,
    ) -> Result<(), StillHeld> {
        let waiting = async {
            loop {
                // Registered before looking, so that no release between the two is missed.
                let released = self.epoch.0.released.notified();
                if self.epoch.held_before(self.to, &whose) == 0 {
                    return;
                }
                released.await;
            }
        };
        match tokio::time::timeout(limit, waiting).await {
            Ok(()) => Ok(()),
            Err(_) => Err(StillHeld(self.epoch.held_before(self.to, &whose))),
        }
    }
}

/// Holds an epoch: [`Advanced::drained`] waits for it.
#[derive(Debug)]
pub struct Guard {
    epoch: Epoch,
    of: u64,
    by: Option<Digest>,
}

impl Guard {
    /// Whether the epoch is still the one that was pinned.
    pub fn is_current(&self) -> bool {
        self.epoch.current() == self.of
    }

    /// Another guard of the same epoch, current or not.
    pub(crate) fn again(&self) -> Self {
        self.epoch.hold(self.of, self.by)
    }

    /// The same guard, of what `component` does from here on.
    pub(crate) fn held_by(&self, component: Digest) -> Self {
        self.epoch.hold(self.of, Some(component))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.epoch.0.state();
        let key = (self.of, self.by);
        if let Some(held) = state.guards.get_mut(&key) {
            *held -= 1;
            if *held == 0 {
                state.guards.remove(&key);
            }
        }
        drop(state);
        self.epoch.0.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(epoch: &Epoch, component: &[u8]) -> Guard {
        epoch.guard().held_by(Digest::of(component))
    }

    #[tokio::test]
    async fn who_waits_for_one_component_does_not_wait_for_another() {
        let epoch = Epoch::default();
        let held = (guard(&epoch, b"a"), guard(&epoch, b"b"), epoch.guard());
        let drained = |advanced: Advanced, of: &'static [u8]| async move {
            let limit = Duration::from_millis(10);
            advanced
                .drained(limit, |digest| *digest == Digest::of(of))
                .await
        };
        let (a, _b, _nobody_yet) = held;
        assert_eq!(drained(epoch.advance(), b"a").await, Err(StillHeld(1)));
        drop(a);
        assert_eq!(drained(epoch.advance(), b"a").await, Ok(()));
        assert_eq!(drained(epoch.advance(), b"b").await, Err(StillHeld(1)));
    }

    #[tokio::test]
    async fn advancing_makes_older_guards_stale_and_waits_for_them() {
        let epoch = Epoch::default();
        let (one, two) = (guard(&epoch, b"a"), guard(&epoch, b"b"));
        assert!(one.is_current());
        let advanced = epoch.advance();
        assert!(!one.is_current());
        assert!(!one.again().is_current());
        let new = guard(&epoch, b"a");
        assert!(new.is_current());
        assert_eq!(
            advanced.drained(Duration::from_millis(10), |_| true).await,
            Err(StillHeld(2))
        );
        let advanced = epoch.advance();
        let waiting = tokio::spawn(advanced.drained(Duration::from_secs(60), |_| true));
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
        assert_eq!(
            epoch.advance().drained(Duration::ZERO, |_| true).await,
            Ok(())
        );
        assert_eq!(epoch.current(), 1);
    }
}
