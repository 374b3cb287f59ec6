//! Checking an exported log: a directory in the layout of C2SP tlog-tiles, with the entries.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::builder::Builder;
use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::hash::{self, Hash};
use crate::note::{self, Note, NoteError, VerifierKey};
use crate::tile::{Tile, WIDTH};

/// What was checked and found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    /// What the log's key signed.
    pub checkpoint: Checkpoint,
    /// Tiles that are what the entries make them.
    pub tiles: u64,
}

/// Why a directory is not a good log.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file could not be read.
    #[error("`{path}`: {error}")]
    Unreadable {
        /// Which, below the directory.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// The signed note.
    #[error("`{path}`: {error}")]
    Note {
        /// Which file it was in.
        path: String,
        /// What is wrong with it.
        error: NoteError,
    },
    /// A bundle of entries is not one.
    #[error("`{0}` does not hold as many entries as its name says")]
    Bundle(String),
    /// An entry is not the next record.
    #[error("record {0} does not follow from the one before it: {1}")]
    Entry(u64, String),
    /// A tile is not what the entries make it.
    #[error("`{0}` is not what the records come to")]
    Tile(String),
    /// The records are not those that the checkpoint is of.
    #[error(
        "the first {0} records are not those that the checkpoint was signed for: one of them was changed"
    )]
    Root(u64),
    /// There was more once.
    #[error("the log had {had} records, and has {has}: its end was cut off")]
    Cut {
        /// By the older checkpoint.
        had: u64,
        /// By the newer.
        has: u64,
    },
}

/// Checks the log in `directory`: `key` signed its checkpoint, the entries come to its root, each record follows from
/// the one before, every tile is what they make it, and the log that `from` is of, if any, is its beginning.
///
/// # Errors
/// The first thing that is not so.
pub fn verify(
    directory: &Path,
    key: &VerifierKey,
    from: Option<&Checkpoint>,
) -> Result<Good, DirectoryError> {
    let place = Place(directory.to_owned());
    let checkpoint = place.checkpoint(key)?;
    if let Some(from) = from.filter(|from| from.size > checkpoint.size) {
        return Err(DirectoryError::Cut {
            had: from.size,
            has: checkpoint.size,
        });
    }
    let mut check = Check::of(place, from);
    for tile in bundle::all(checkpoint.size) {
        check.bundle(tile)?;
    }
    check.edge()?;
    match check.builder.root() == checkpoint.root {
        true => Ok(Good {
            tiles: check.tiles,
            checkpoint,
        }),
        false => Err(DirectoryError::Root(checkpoint.size)),
    }
}

/// A check on its way through the entries.
struct Check<'a> {
    place: Place,
    builder: Builder,
    /// The hash of the record before; none before the first, which hangs on what is not exported.
    before: Option<Hash>,
    from: Option<&'a Checkpoint>,
    tiles: u64,
}

/// What of a record ties it to the one before.
#[derive(Deserialize)]
struct Link {
    seq: u64,
    prev: String,
}

impl<'a> Check<'a> {
    fn of(place: Place, from: Option<&'a Checkpoint>) -> Self {
        Self {
            place,
            builder: Builder::default(),
            before: None,
            from,
            tiles: 0,
        }
    }

    fn bundle(&mut self, tile: Tile) -> Result<(), DirectoryError> {
        let path = bundle::path(tile);
        let bytes = self.place.read(&path, bundle::most_bytes(tile))?;
        let entries = bundle::entries(tile, &bytes).ok_or(DirectoryError::Bundle(path))?;
        entries.into_iter().try_for_each(|entry| self.entry(entry))
    }

    fn entry(&mut self, entry: &[u8]) -> Result<(), DirectoryError> {
        self.link(entry)?;
        let mut full = Vec::new();
        let pushed = self.builder.push(hash::leaf(entry), |tile, hashes| {
            full.push((tile, hashes.concat()));
            Ok::<_, Infallible>(())
        });
        let Ok(()) = pushed;
        for (tile, bytes) in full {
            self.tile(tile, &bytes)?;
        }
        match self.from {
            Some(from) if from.size == self.builder.size() && from.root != self.builder.root() => {
                Err(DirectoryError::Root(from.size))
            }
            _ => Ok(()),
        }
    }

    fn link(&mut self, entry: &[u8]) -> Result<(), DirectoryError> {
        let seq = self.builder.size() + 1;
        let bad = |why: String| DirectoryError::Entry(seq, why);
        let link: Link = serde_json::from_slice(entry).map_err(|error| bad(error.to_string()))?;
        if link.seq != seq {
            return Err(bad(format!("it says that it is {}", link.seq)));
        }
        if self
            .before
            .is_some_and(|before| hex::encode(before) != link.prev)
        {
            return Err(bad("it names another one".to_owned()));
        }
        self.before = Some(hash::sha256(entry));
        Ok(())
    }

    fn edge(&mut self) -> Result<(), DirectoryError> {
        let edge: Vec<_> = self
            .builder
            .edge()
            .map(|(tile, hashes)| (tile, hashes.concat()))
            .collect();
        edge.into_iter()
            .try_for_each(|(tile, bytes)| self.tile(tile, &bytes))
    }

    fn tile(&mut self, tile: Tile, expected: &[u8]) -> Result<(), DirectoryError> {
        let path = tile.to_string();
        self.tiles += 1;
        match self.place.read(&path, u64::from(WIDTH) * 32)? == expected {
            true => Ok(()),
            false => Err(DirectoryError::Tile(path)),
        }
    }
}

struct Place(PathBuf);

impl Place {
    fn checkpoint(&self, key: &VerifierKey) -> Result<Checkpoint, DirectoryError> {
        let path = "checkpoint".to_owned();
        let bytes = self.read(&path, note::LONGEST as u64)?;
        let text = String::from_utf8_lossy(&bytes);
        let note = text
            .parse()
            .and_then(|note: Note| Checkpoint::verify(&note, key));
        note.map_err(|error| DirectoryError::Note { path, error })
    }

    /// At most `most` bytes of the file at `path`, and one more, by which a longer one is noticed.
    fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, DirectoryError> {
        let unreadable = |error| DirectoryError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let mut bytes = Vec::new();
        let file = open_regular(&self.0.join(path)).map_err(unreadable)?;
        file.take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        Ok(bytes)
    }
}

/// The text of a small file.
///
/// # Errors
/// What the operating system says.
pub fn read_small(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let most = 1 << 20;
    open_regular(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a regular file, and never waits for whoever might be at the other end of something else.
#[expect(
    clippy::disallowed_methods,
    reason = "a verifier that stands by itself opens its own files"
)]
fn open_regular(path: &Path) -> io::Result<File> {
    let file = File::options()
        .read(true)
        .custom_flags(O_NONBLOCK)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// Of Linux, as `open(2)` has it.
const O_NONBLOCK: i32 = 0o4000;
