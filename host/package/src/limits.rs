//! How much one call of a skill may use.

use serde::{Deserialize, Serialize};

/// The bounds of one call. A manifest may ask for other numbers than the
/// defaults; a grant may only lower them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Linear memory of all its instances together.
    pub memory_bytes: u64,
    /// Time from the call to its answer, waiting included.
    pub wall_ms: u64,
    /// Instructions, roughly.
    pub fuel: u64,
    /// The answer, as JSON.
    pub output_bytes: u64,
    /// The arguments, as JSON.
    pub input_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            wall_ms: 20_000,
            fuel: 1_000_000_000,
            output_bytes: 4 << 20,
            input_bytes: 4 << 20,
        }
    }
}

impl Limits {
    /// The lower of the two, bound by bound.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            wall_ms: self.wall_ms.min(other.wall_ms),
            fuel: self.fuel.min(other.fuel),
            output_bytes: self.output_bytes.min(other.output_bytes),
            input_bytes: self.input_bytes.min(other.input_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meeting_never_raises_a_bound() {
        let small = Limits {
            fuel: 7,
            ..Limits::default()
        };
        let large = Limits {
            fuel: 9,
            wall_ms: 90_000,
            ..Limits::default()
        };
        assert_eq!(small.meet(&large), small);
        assert_eq!(large.meet(&small), small);
    }
}
