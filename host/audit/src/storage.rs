//! What the log needs of a file, small enough to be replaced by one that fails on purpose.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use vouchsafe_ambient::files::{self, FileError};

/// A file of the log. Space once allocated reads as zeros until written.
pub trait Storage: Send + Sync + 'static {
    /// The length, allocated space included.
    ///
    /// # Errors
    /// What the operating system says; so for all methods.
    fn size(&self) -> io::Result<u64>;

    /// Reads up to `into.len()` bytes; 0 at the end.
    ///
    /// # Errors
    /// See [`Storage::size`].
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes`, not yet durably.
    ///
    /// # Errors
    /// See [`Storage::size`]. A part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes what was written durable. After an error nothing is known about it.
    ///
    /// # Errors
    /// See [`Storage::size`].
    fn sync(&self) -> io::Result<()>;

    /// Makes sure that `length` bytes from `offset` can be written without asking for space.
    ///
    /// # Errors
    /// See [`Storage::size`]; [`io::ErrorKind::StorageFull`] when there is no space.
    fn allocate(&self, offset: u64, length: u64) -> io::Result<()>;

    /// Cuts the file.
    ///
    /// # Errors
    /// See [`Storage::size`].
    fn truncate(&self, size: u64) -> io::Result<()>;
}

/// A real file.
#[derive(Debug)]
pub struct Disk(File);

impl Disk {
    /// Opens `path` for the one writer, creating it if absent, its directory entry durable.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = files::open_private(path)?;
        if let Some(directory) = path.parent() {
            files::sync_directory(directory)?;
        }
        Ok(Self(file))
    }

    /// Opens `path` to read; every write fails.
    ///
    /// # Errors
    /// What the operating system says, also when the file is absent.
    pub fn open_to_read(path: &Path) -> Result<Self, FileError> {
        files::open_to_read(path).map(Self)
    }
}

impl Storage for Disk {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn allocate(&self, offset: u64, length: u64) -> io::Result<()> {
        match fallocate(&self.0, FallocateFlags::empty(), offset, length) {
            // Where it is not known, writing asks for the space.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            result => result?,
        }
        // Space that is only set aside has to be noted as used when it is: in the file system's own
        // journal, for which each commit would wait.
        write_zeros(&self.0, offset, length)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }
}

fn write_zeros(file: &File, offset: u64, length: u64) -> io::Result<()> {
    static BLOCK: [u8; 65536] = [0; 65536];
    let end = offset.saturating_add(length);
    let mut at = offset;
    while at < end {
        let part = usize::try_from(end - at)
            .unwrap_or(BLOCK.len())
            .min(BLOCK.len());
        file.write_all_at(BLOCK.get(..part).unwrap_or_default(), at)?;
        at += part as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{SeekFrom, seek};

    #[test]
    fn what_is_allocated_is_written_so_that_a_commit_is_about_its_records_alone() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(&directory.path().join("log")).unwrap();
        disk.allocate(0, 1 << 20).unwrap();
        assert_eq!(disk.size().unwrap(), 1 << 20);
        assert_eq!(seek(&disk.0, SeekFrom::Hole(0)), Ok(1 << 20));
    }
}
