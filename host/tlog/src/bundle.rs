//! Entry bundles of tlog-tiles: 256 entries a file, each behind its length as two bytes, big-endian.

use crate::tile::{Tile, WIDTH};

/// The longest entry that a bundle can hold, in bytes.
pub const LONGEST_ENTRY: usize = u16::MAX as usize;

/// Where the entries of the leaves of `tile` stand: `tile/entries/x001/234`.
pub fn path(tile: Tile) -> String {
    let path = Tile { level: 0, ..tile }.to_string();
    path.replacen("tile/0/", "tile/entries/", 1)
}

/// The bundles of a log of `size` entries, by the tile of their leaves.
pub fn all(size: u64) -> impl Iterator<Item = Tile> {
    Tile::of_tree(size).take_while(|tile| tile.level == 0)
}

/// Appends `entry` to `bundle`; false, and nothing done, when it is longer than [`LONGEST_ENTRY`].
pub fn append(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else {
        return false;
    };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// The most bytes that a bundle can have.
pub fn most_bytes(tile: Tile) -> u64 {
    u64::from(tile.width) * (2 + LONGEST_ENTRY as u64)
}

/// The entries of `bundle`, which must be as many as `tile` has hashes; `None` when they are not.
pub fn entries(tile: Tile, mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::with_capacity(usize::from(WIDTH));
    while let Some((length, rest)) = bundle.split_first_chunk() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    (bundle.is_empty() && entries.len() == usize::from(tile.width)).then_some(entries)
}
