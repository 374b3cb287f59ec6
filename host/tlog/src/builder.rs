//! A tree that grows: it keeps the tiles at its right edge, and hands each on as it becomes full.

use crate::hash::Hash;
use crate::merkle;
use crate::tile::{self, BadTile, Tile, TileNodes, Tiles, WIDTH};

/// A tree, as much of it as has to be in memory: at most 256 hashes for each level of tiles.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    size: u64,
    /// For each level of tiles, the hashes of the tile that is not full.
    edge: Vec<Vec<Hash>>,
}

impl Builder {
    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; `full` gets each tile that becomes full by it, lowest first.
    pub fn push<E>(
        &mut self,
        leaf: Hash,
        mut full: impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rising = Some(leaf);
        let mut level = 0;
        while let Some(hash) = rising.take() {
            if self.edge.len() == usize::from(level) {
                self.edge.push(Vec::with_capacity(usize::from(WIDTH)));
            }
            let Some(edge) = self.edge.get_mut(usize::from(level)) else {
                break;
            };
            edge.push(hash);
            if edge.len() == usize::from(WIDTH) {
                let done = std::mem::take(edge);
                rising = Some(tile::complete(&done));
                let index = tile::hashes_at(self.size, level) / u64::from(WIDTH);
                let width = WIDTH;
                let tile = Tile {
                    level,
                    index,
                    width,
                };
                full(tile, &done)?;
            }
            level += 1;
        }
        self.size += 1;
        Ok(())
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let nowhere = self.over(&Nowhere);
        let root = merkle::root(&TileNodes::new(&nowhere, self.size), self.size);
        debug_assert!(root.is_ok(), "the edge holds all that a root is made of");
        root.unwrap_or_default()
    }

    /// All tiles of the tree: those of the edge from here, full ones from `full`.
    pub fn over<'a, T>(&'a self, full: &'a T) -> Whole<'a, T> {
        Whole {
            builder: self,
            full,
        }
    }

    /// The tiles at the edge, as they are now.
    pub fn edge(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        self.edge.iter().zip(0..).filter_map(|(hashes, level)| {
            let width = u16::try_from(hashes.len())
                .ok()
                .filter(|width| *width > 0)?;
            let index = tile::hashes_at(self.size, level) / u64::from(WIDTH);
            let tile = Tile {
                level,
                index,
                width,
            };
            Some((tile, hashes.as_slice()))
        })
    }
}

/// The tiles of a [`Builder`] and those that it handed on.
pub struct Whole<'a, T> {
    builder: &'a Builder,
    full: &'a T,
}

impl<T: Tiles> Tiles for Whole<'_, T> {
    type Error = T::Error;

    fn read(&self, tile: Tile) -> Result<Vec<u8>, T::Error> {
        let edge = tile::hashes_at(self.builder.size, tile.level) / u64::from(WIDTH);
        if tile.index != edge {
            let full = Tile {
                width: WIDTH,
                ..tile
            };
            let mut bytes = self.full.read(full)?;
            bytes.truncate(tile.bytes());
            return Ok(bytes);
        }
        let hashes = self.builder.edge.get(usize::from(tile.level));
        let hashes = hashes.and_then(|hashes| hashes.get(..usize::from(tile.width)));
        Ok(hashes.unwrap_or_default().concat())
    }
}

/// No tiles.
struct Nowhere;

impl Tiles for Nowhere {
    type Error = BadTile;

    fn read(&self, _: Tile) -> Result<Vec<u8>, BadTile> {
        Ok(Vec::new())
    }
}
