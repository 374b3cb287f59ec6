//! A moment by two clocks.

use std::time::Instant;

use jiff::Timestamp;

/// Now, by the clock that only runs forward and by the one that people read. What is late by either is late.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By the clock that nobody can set.
    pub instant: Instant,
    /// By the wall clock.
    pub wall: Timestamp,
}
