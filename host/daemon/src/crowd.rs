//! Who is connected. However many there are, somebody who comes to switch something off gets in: whoever has been
//! silent longest goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Everybody who is connected, at most so many as it was made for.
#[derive(Clone)]
pub(crate) struct Crowd {
    most: usize,
    people: Arc<Mutex<People>>,
}

#[derive(Default)]
struct People {
    here: usize,
    next: u64,
    /// Those for whom nothing is under way, in the order in which they fell silent.
    silent: BTreeMap<u64, CancellationToken>,
}

/// One who is connected, until it is dropped. It begins silent.
pub(crate) struct Member {
    crowd: Crowd,
    since: Option<u64>,
    sent_away: CancellationToken,
}

impl Crowd {
    /// Nobody yet, and at most `most`.
    pub(crate) fn of(most: usize) -> Self {
        Self {
            most,
            people: Arc::default(),
        }
    }

    /// Lets somebody in, and sends away whoever has been silent longest where there is no room. `None` when there is
    /// none and something is under way for each.
    pub(crate) fn enter(&self) -> Option<Member> {
        let mut people = self.people();
        if people.here >= self.most {
            let (_, longest) = people.silent.pop_first()?;
            longest.cancel();
        }
        people.here += 1;
        drop(people);
        let mut member = Member {
            crowd: self.clone(),
            since: None,
            sent_away: CancellationToken::new(),
        };
        member.is_silent();
        Some(member)
    }

    /// A panic can't leave the counts between two states.
    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// Something is under way for it from here on, so that it stays; false when it was sent away before.
    #[must_use]
    pub(crate) fn speaks(&mut self) -> bool {
        if let Some(since) = self.since.take() {
            self.crowd.people().silent.remove(&since);
        }
        !self.sent_away.is_cancelled()
    }

    /// Nothing is under way for it from here on.
    pub(crate) fn is_silent(&mut self) {
        if self.since.is_some() {
            return;
        }
        let mut people = self.crowd.people();
        let since = people.next;
        people.next += 1;
        people.silent.insert(since, self.sent_away.clone());
        self.since = Some(since);
    }

    /// Waits until it has to go.
    pub(crate) async fn sent_away(&self) {
        self.sent_away.cancelled().await;
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut people = self.crowd.people();
        people.here -= 1;
        if let Some(since) = self.since {
            people.silent.remove(&since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_been_silent_longest_goes_and_who_is_served_stays() {
        let crowd = Crowd::of(3);
        let mut all = [(); 3].map(|()| crowd.enter().unwrap());
        let [served, first, second] = &mut all;
        assert!(served.speaks());
        assert!(first.speaks());
        first.is_silent();
        // The second has been silent for longer than the first, who has asked something since.
        let _fourth = crowd.enter().unwrap();
        assert!(!second.speaks());
        assert!(first.speaks() && served.speaks());
    }

    #[test]
    fn nobody_comes_in_while_something_is_under_way_for_each() {
        let crowd = Crowd::of(1);
        let mut one = crowd.enter().unwrap();
        assert!(one.speaks());
        assert!(crowd.enter().is_none());
        drop(one);
        assert!(crowd.enter().is_some());
    }
}
