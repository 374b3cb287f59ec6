//! The log as others read it: a directory in the layout of C2SP tlog-tiles, entries included.

use std::path::Path;
use std::sync::Arc;

use vouchsafe_ambient::files;
use vouchsafe_tlog::{Builder, Checkpoint, bundle, hash};

use crate::frame::HEADER;
use crate::scan::{FILE, Scanner, Step};
use crate::shelf::{self, Directory, Shelf};
use crate::storage::Disk;
use crate::tree::{CHECKPOINT, KEYS, Keys};
use crate::{LogError, VerifyError, error};

const README: &str = "README.md";
/// What is said to who gets an export and knows nothing of its host.
const HOW_TO_VERIFY: &str = include_str!("export.md");

/// Writes the log in `dir`, as far as its checkpoint covers it, into the directory `out`, which must not exist: the
/// entries, tiles, checkpoint, public keys, and how to verify them. Needs no key, and works beside a running writer.
///
/// # Errors
/// When nothing was published yet, the records are not those that the checkpoint was signed for, or a file can't be
/// read or written. What was written till then is left there.
pub fn export(dir: &Path, out: &Path) -> Result<Checkpoint, VerifyError> {
    let shelf = Directory(dir.to_owned());
    let read = |path| shelf::text(&shelf, path).map_err(LogError::from);
    let (note, keys) = (read(CHECKPOINT)?, read(KEYS)?);
    let (Some(note), Some(keys)) = (note, keys) else {
        return Err(VerifyError::NoKey);
    };
    let parsed = Keys::parse(&keys).map_err(LogError::Checkpoint)?;
    let (checkpoint, _) = parsed.read(&note).map_err(LogError::Checkpoint)?;
    let mut export = Export::begin(out)?;
    export.entries(dir, checkpoint.size)?;
    export.end()?;
    if export.builder.root() != checkpoint.root {
        return Err(VerifyError::Rewritten(checkpoint.size));
    }
    let last = [
        (KEYS, keys.as_str()),
        (README, HOW_TO_VERIFY),
        (CHECKPOINT, &note),
    ];
    for (path, text) in last {
        export.write(path, text.as_bytes())?;
    }
    Ok(checkpoint)
}

struct Export {
    out: Directory,
    builder: Builder,
    /// The entries since the last full bundle.
    bundle: Vec<u8>,
}

impl Export {
    fn begin(out: &Path) -> Result<Self, LogError> {
        let taken = out.try_exists().unwrap_or(true);
        if taken {
            return Err(LogError::Taken(out.to_owned()));
        }
        files::create_private_directory(out)?;
        Ok(Self {
            out: Directory(out.to_owned()),
            builder: Builder::default(),
            bundle: Vec::new(),
        })
    }

    fn entries(&mut self, dir: &Path, size: u64) -> Result<(), VerifyError> {
        let disk = Disk::open_to_read(&dir.join(FILE)).map_err(LogError::from)?;
        let mut scanner = Scanner::new(Arc::new(disk), HEADER as u64, None);
        while self.builder.size() < size {
            match scanner.next().map_err(error::storage("read"))? {
                Step::Frame { record, .. } => self.entry(record)?,
                Step::Stop => {
                    let last = self.builder.size();
                    return Err(VerifyError::Cut {
                        missing: last + 1,
                        last,
                        expected: size,
                    });
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, record: &[u8]) -> Result<(), LogError> {
        if !bundle::append(&mut self.bundle, record) {
            return Err(LogError::TooLong {
                field: "record",
                limit: bundle::LONGEST_ENTRY,
            });
        }
        let (out, entries) = (&self.out, &mut self.bundle);
        self.builder.push(hash::leaf(record), |tile, hashes| {
            out.write(&tile.to_string(), &hashes.concat(), false)?;
            if tile.level == 0 {
                out.write(&bundle::path(tile), &std::mem::take(entries), false)?;
            }
            Ok(())
        })
    }

    /// Writes what is not full.
    fn end(&self) -> Result<(), LogError> {
        for (tile, hashes) in self.builder.edge() {
            self.write(&tile.to_string(), &hashes.concat())?;
            if tile.level == 0 {
                self.write(&bundle::path(tile), &self.bundle)?;
            }
        }
        Ok(())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), LogError> {
        Ok(self.out.write(path, bytes, false)?)
    }
}
