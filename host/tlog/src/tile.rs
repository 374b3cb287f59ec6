//! Tiles: 256 hashes a file, as C2SP tlog-tiles lays them out.

use std::cell::RefCell;
use std::fmt;

use crate::hash::{self, Hash};
use crate::merkle::Nodes;

/// Hashes in a full tile.
pub const WIDTH: u16 = 256;
/// Levels of the tree in a level of tiles.
const HEIGHT: u8 = 8;

/// One tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Its level; hashes of level 0 are leaves'.
    pub level: u8,
    /// Its place in the level.
    pub index: u64,
    /// How many hashes it has, 1 to [`WIDTH`]. Fewer are a tile at the right edge.
    pub width: u16,
}

impl Tile {
    /// The tiles that a tree of `size` leaves has, full ones and those at its edge.
    pub fn of_tree(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..HEIGHT).map(move |level| (level, hashes_at(size, level)));
        levels.flat_map(|(level, hashes)| {
            let full = (0..hashes / u64::from(WIDTH)).map(move |index| (index, WIDTH));
            let rest = u16::try_from(hashes % u64::from(WIDTH)).unwrap_or_default();
            let edge = (rest > 0).then_some((hashes / u64::from(WIDTH), rest));
            full.chain(edge).map(move |(index, width)| Self {
                level,
                index,
                width,
            })
        })
    }

    /// How many bytes it has.
    pub fn bytes(self) -> usize {
        usize::from(self.width) * size_of::<Hash>()
    }
}

/// How many hashes of level `level` a tree of `size` leaves has.
pub fn hashes_at(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(HEIGHT))
        .unwrap_or(0)
}

/// Its path below the log: `tile/0/x001/234.p/56`.
impl fmt::Display for Tile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "tile/{}/{}", self.level, Numbered(self.index))?;
        match self.width {
            WIDTH => Ok(()),
            width => write!(out, ".p/{width}"),
        }
    }
}

/// A number as tlog-tiles writes it: three digits a directory, all but the last marked with `x`.
struct Numbered(u64);

impl fmt::Display for Numbered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1000 {
            write_above(self.0 / 1000, out)?;
        }
        write!(out, "{:03}", self.0 % 1000)
    }
}

fn write_above(number: u64, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    if number >= 1000 {
        write_above(number / 1000, out)?;
    }
    write!(out, "x{:03}/", number % 1000)
}

/// Where tiles are read.
pub trait Tiles {
    /// Why one could not be.
    type Error: From<BadTile>;

    /// The bytes of `tile`.
    ///
    /// # Errors
    /// When it can't be read.
    fn read(&self, tile: Tile) -> Result<Vec<u8>, Self::Error>;
}

/// A tile is not as long as its name says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{tile}` has {had} bytes instead of {}", tile.bytes())]
pub struct BadTile {
    tile: Tile,
    had: usize,
}

/// The hashes of `tile`, whose content is `bytes`.
///
/// # Errors
/// When there are too few or too many.
pub fn hashes(tile: Tile, bytes: &[u8]) -> Result<Vec<Hash>, BadTile> {
    let (hashes, rest) = bytes.as_chunks();
    match bytes.len() == tile.bytes() && rest.is_empty() {
        true => Ok(hashes.to_vec()),
        false => Err(BadTile {
            tile,
            had: bytes.len(),
        }),
    }
}

/// The nodes of a tree of `size` leaves, out of its tiles. It keeps the tile that it read last.
pub struct TileNodes<'a, T> {
    tiles: &'a T,
    size: u64,
    last: RefCell<Option<(Tile, Vec<Hash>)>>,
}

impl<'a, T: Tiles> TileNodes<'a, T> {
    /// Those of the tree of the first `size` leaves.
    pub fn new(tiles: &'a T, size: u64) -> Self {
        Self {
            tiles,
            size,
            last: RefCell::default(),
        }
    }
}

impl<T: Tiles> Nodes for TileNodes<'_, T> {
    type Error = T::Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, T::Error> {
        let place = Place::of(level, index);
        let there = hashes_at(self.size, place.level).saturating_sub(place.tile * u64::from(WIDTH));
        let tile = Tile {
            level: place.level,
            index: place.tile,
            width: u16::try_from(there).unwrap_or(WIDTH).min(WIDTH),
        };
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(read, _)| *read != tile) {
            *last = Some((tile, hashes(tile, &self.tiles.read(tile)?)?));
        }
        let hash = last.as_ref().and_then(|(_, hashes)| place.hash(hashes));
        hash.ok_or_else(|| {
            BadTile {
                tile,
                had: tile.bytes(),
            }
            .into()
        })
    }
}

/// Where the hashes stand that a node is made of.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The level of tiles.
    pub level: u8,
    /// The tile in that level.
    pub tile: u64,
    from: usize,
    count: usize,
}

impl Place {
    /// The place of node `index` at `level` of the tree.
    pub fn of(level: u8, index: u64) -> Self {
        let above = level % HEIGHT;
        let first = index << above;
        Self {
            level: level / HEIGHT,
            tile: first / u64::from(WIDTH),
            from: usize::try_from(first % u64::from(WIDTH)).unwrap_or_default(),
            count: 1 << above,
        }
    }

    /// The node's hash, made from the `hashes` of its tile; `None` where the tile is too narrow.
    pub fn hash(self, hashes: &[Hash]) -> Option<Hash> {
        Some(complete(hashes.get(self.from..self.from + self.count)?))
    }
}

/// The root over `hashes`, whose number is a power of two.
pub fn complete(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        level = pairs
            .iter()
            .map(|[left, right]| hash::node(left, right))
            .collect();
    }
    level.first().copied().unwrap_or_else(hash::empty)
}
