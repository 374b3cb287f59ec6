//! Salts for commitments: random bytes are asked for many at a time, because asking costs more than they do.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;

const SALT: usize = 32;
const SALTS: usize = 64;

/// Salts, each given once.
pub(crate) struct Salts(Mutex<Stock>);

struct Stock {
    bytes: [u8; SALT * SALTS],
    given: usize,
}

impl Salts {
    /// None in stock yet.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Stock {
            bytes: [0; SALT * SALTS],
            given: SALTS,
        }))
    }

    /// One that nobody had before; it is kept nowhere.
    pub(crate) fn next(&self) -> Result<[u8; SALT], Unspecified> {
        let mut stock = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stock.given == SALTS {
            rand::fill(&mut stock.bytes)?;
            stock.given = 0;
        }
        let given = stock.given;
        let (salts, _) = stock.bytes.as_chunks_mut::<SALT>();
        let salt = salts.get_mut(given).ok_or(Unspecified)?;
        let salt = std::mem::take(salt);
        stock.given += 1;
        Ok(salt)
    }
}

impl fmt::Debug for Salts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Salts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_salt_is_given_twice_or_left_behind() {
        let salts = Salts::new();
        let given: BTreeSet<_> = (0..3 * SALTS + 1).map(|_| salts.next().unwrap()).collect();
        assert_eq!(given.len(), 3 * SALTS + 1);
        assert!(!given.contains(&[0; SALT]));
        let stock = salts.0.lock().unwrap();
        assert_eq!(stock.bytes[..SALT], [0; SALT], "the last one is kept");
        assert_ne!(stock.bytes[SALT..2 * SALT], [0; SALT]);
    }
}
