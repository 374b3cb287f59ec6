//! Which functions are brief, so that a call of them need not change threads.
//!
//! Handing a call to a guest thread and back costs more than a small call itself. A function that
//! has been brief many times in a row gets its first fuel slice on the thread that asks; if it is
//! not done by then it moves on to a guest thread. One slow slice takes that trust away again, so a
//! skill that means harm holds a thread of the host up once, for one slice, and not again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Brief calls in a row that earn trust.
const EARNED_BY: u32 = 64;

/// The longest that a brief call runs. A fuel slice is some 100 µs.
const BRIEF: Duration = Duration::from_micros(250);

/// How brief the calls of one function have been.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU32);

impl Pace {
    /// Whether the next call may begin where it was asked for.
    pub(crate) fn is_brief(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= EARNED_BY
    }

    /// Takes a run into account: how long it took, and whether it ended in its first slice.
    pub(crate) fn took(&self, time: Duration, ended: bool) {
        if ended && time <= BRIEF {
            let brief = self.0.load(Ordering::Relaxed).saturating_add(1);
            // A race between two calls loses at most one count.
            self.0.store(brief.min(EARNED_BY), Ordering::Relaxed);
        } else {
            self.0.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_earned_slowly_and_lost_at_once() {
        let pace = Pace::default();
        for _ in 0..EARNED_BY {
            assert!(!pace.is_brief());
            pace.took(BRIEF, true);
        }
        assert!(pace.is_brief());
        pace.took(BRIEF, false);
        assert!(!pace.is_brief());
        for _ in 0..EARNED_BY {
            pace.took(BRIEF, true);
        }
        pace.took(BRIEF * 2, true);
        assert!(!pace.is_brief());
    }
}
