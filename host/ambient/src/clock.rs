//! Wall-clock time, for records and validity; deadlines use `std::time::Instant`.

use jiff::Timestamp;

/// The time now, UTC. May step backwards when an administrator sets the clock.
pub fn now() -> Timestamp {
    Timestamp::now()
}
