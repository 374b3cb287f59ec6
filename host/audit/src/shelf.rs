//! Where tiles and checkpoints lie: they can be made again from the records, and are never believed over them.

use std::path::PathBuf;
use std::sync::Arc;

use vouchsafe_ambient::files::{self, Access, FileError};
use vouchsafe_tlog::tile::{BadTile, Tile, Tiles};

/// The most bytes of a file that is no tile: the keys of more rotations than a keystore holds.
const SMALL: u64 = 16 << 20;

/// Files by their path below the log.
pub trait Shelf: Send + Sync + 'static {
    /// The file at `path`, if there is one; at most `most` bytes.
    ///
    /// # Errors
    /// What the operating system says; so for both.
    fn read(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, FileError>;

    /// Puts `bytes` at `path`, whatever was there. What is not `lasting` may be gone or cut short after a crash.
    ///
    /// # Errors
    /// See [`Shelf::read`].
    fn write(&self, path: &str, bytes: &[u8], lasting: bool) -> Result<(), FileError>;

    /// Takes away what is at `path`, if anything is.
    ///
    /// # Errors
    /// See [`Shelf::read`].
    fn remove(&self, path: &str) -> Result<(), FileError>;
}

/// No place: nothing is kept, so that what stands in full tiles can't be proved.
impl Shelf for () {
    fn read(&self, _path: &str, _most: u64) -> Result<Option<Vec<u8>>, FileError> {
        Ok(None)
    }

    fn write(&self, _path: &str, _bytes: &[u8], _lasting: bool) -> Result<(), FileError> {
        Ok(())
    }

    fn remove(&self, _path: &str) -> Result<(), FileError> {
        Ok(())
    }
}

/// A directory.
#[derive(Debug)]
pub(crate) struct Directory(pub(crate) PathBuf);

impl Shelf for Directory {
    fn read(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, FileError> {
        files::read_if_present(&self.0.join(path), most)
    }

    fn write(&self, path: &str, bytes: &[u8], lasting: bool) -> Result<(), FileError> {
        let path = self.0.join(path);
        if let Some(directory) = path.parent() {
            files::create_private_directory(directory)?;
        }
        match lasting {
            true => files::write_atomic(&path, bytes, Access::Private),
            false => files::write_cached(&path, bytes),
        }
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        files::remove(&self.0.join(path))
    }
}

/// The text of the small file at `path`, if there is one.
pub(crate) fn text(shelf: &dyn Shelf, path: &str) -> Result<Option<String>, FileError> {
    let bytes = shelf.read(path, SMALL)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Why a proof could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TileError {
    /// A tile could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A tile is not one, or is not there.
    #[error("{0}; the next start makes it again from the records")]
    Bad(#[from] BadTile),
}

/// The tiles of a shelf, and those that are still to be laid there.
pub(crate) struct Shelved<'a> {
    pub(crate) shelf: &'a dyn Shelf,
    pub(crate) unshelved: Vec<(Tile, Arc<[u8]>)>,
}

impl Tiles for Shelved<'_> {
    type Error = TileError;

    fn read(&self, tile: Tile) -> Result<Vec<u8>, TileError> {
        if let Some((_, bytes)) = self.unshelved.iter().find(|(waits, _)| *waits == tile) {
            return Ok(bytes.to_vec());
        }
        let bytes = self.shelf.read(&tile.to_string(), tile.bytes() as u64)?;
        Ok(bytes.unwrap_or_default())
    }
}
