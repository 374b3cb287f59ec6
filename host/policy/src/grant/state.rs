//! `[state.NAME]`: a store that a skill keeps, and how much it holds.

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_package::manifest::ByteSize;

use crate::place::{At, Fault, Place, Source};

/// What all stores of a skill may hold together, in bytes: each call that looks reads them all.
pub const MOST_STATE: u64 = 8 << 20;

/// What a store holds where neither skill nor grant says: 1 MiB.
pub const STORE_BYTES: u64 = 1 << 20;

/// What a grant says of one store.
#[derive(Debug, Clone)]
pub struct StateGrant {
    /// Where the store is named.
    pub place: Place,
    /// The most that it holds, where that is less than the skill asks.
    pub size: Option<At<u64>>,
}

impl PartialEq for StateGrant {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawState {
    size: Option<Spanned<ByteSize>>,
}

impl RawState {
    pub(super) fn read(self, source: &Source<'_>, place: Place) -> Result<StateGrant, Fault> {
        let size = self.size.map(|size| source.at(size));
        let size = size.map(|size| {
            size.try_map(|ByteSize(bytes)| match bytes {
                1..=MOST_STATE => Ok(bytes),
                _ => Err("a store holds from 1 byte to 8 MiB".to_owned()),
            })
        });
        Ok(StateGrant {
            place,
            size: size.transpose()?,
        })
    }
}
