//! Control connections that ask nothing: the first to go when there is no room.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Those that wait for their client's next request, in the order in which they began to.
#[derive(Clone, Default)]
pub(crate) struct Idle(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    next: u64,
    ends: BTreeMap<u64, CancellationToken>,
}

/// One connection for as long as it waits.
pub(crate) struct Waits {
    all: Idle,
    number: u64,
    end: CancellationToken,
}

impl Idle {
    /// Notes that a connection waits from now on.
    pub(crate) fn begin(&self) -> Waits {
        let end = CancellationToken::new();
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.ends.insert(number, end.clone());
        Waits {
            all: self.clone(),
            number,
            end,
        }
    }

    /// Ends the one that has waited for the longest.
    pub(crate) fn end_longest(&self) {
        if let Some((_, end)) = self.waiting().ends.pop_first() {
            end.cancel();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waits {
    /// When it has to go.
    pub(crate) async fn ended(&self) {
        self.end.cancelled().await;
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.all.waiting().ends.remove(&self.number);
    }
}
