//! Files: bounded reads, atomic private writes, locks, and stamps that tell whether a file changed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use rustix::fs::OFlags;

/// What went wrong with which file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("cannot {verb} `{}`: {source}", path.display())]
    Io {
        /// What was tried, such as `read`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// The file is larger than the caller allows.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that the caller takes, in bytes.
        limit: u64,
    },
    /// Something else than a file stands there, such as a pipe, which could be waited on for ever.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// Another process holds the lock.
    #[error("`{}` is locked by another process", .0.display())]
    Locked(PathBuf),
}

impl FileError {
    /// Whether the file was simply not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads the whole of `path`, refusing more than `limit` bytes without reading further.
///
/// # Errors
/// [`FileError::TooLarge`], [`FileError::NotAFile`], or what the operating system says.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let file = open_regular(path, OpenOptions::new().read(true), "read")?;
    read_to_limit(file, path, limit)
}

/// As [`read_bounded`], but takes a pipe as well, and waits for what comes through it: for what a
/// person hands to a command, never for a process that others wait for.
///
/// # Errors
/// [`FileError::TooLarge`], or what the operating system says.
pub fn read_file_or_pipe(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(at("read", path))?;
    read_to_limit(file, path, limit)
}

fn read_to_limit(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::with_capacity(expected(&file, limit));
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(at("read", path))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

/// Room for what the file says it has, so that reading it moves nothing.
fn expected(file: &File, limit: u64) -> usize {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    usize::try_from(length.min(limit).saturating_add(1)).unwrap_or(0)
}

/// As [`read_bounded`], but `None` when there is no such file.
///
/// # Errors
/// As [`read_bounded`], but for absence.
pub fn read_if_present(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    match read_bounded(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who may read a file besides its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Owner only (0600): keys, state, secrets.
    Private,
    /// Everybody may read (0644): what a build makes, what a person edits.
    Shared,
}

/// Replaces `path` with `bytes` so that a crash leaves the old or the new content, never a part:
/// temporary file, fsync, rename, fsync of the directory.
///
/// # Errors
/// What the operating system says; the old content is then still there.
pub fn write_atomic(path: &Path, bytes: &[u8], access: Access) -> Result<(), FileError> {
    let temporary = beside(path);
    let written = write_new(&temporary, bytes, access)
        .and_then(|()| fs::rename(&temporary, path).map_err(at("replace", path)));
    if written.is_err() {
        // The first error is the one that helps; a leftover temporary file does no harm.
        drop(fs::remove_file(&temporary));
    }
    written?;
    sync_directory(parent(path))
}

/// As [`write_atomic`] for what can be made again and is checked when it is read: a crash may leave it
/// cut short.
///
/// # Errors
/// What the operating system says.
pub fn write_cached(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = beside(path);
    let written = create_new(&temporary, Access::Private)
        .and_then(|mut file| file.write_all(bytes).map_err(at("write", path)))
        .and_then(|()| fs::rename(&temporary, path).map_err(at("replace", path)));
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written
}

/// Creates `path`, which must not exist, with `bytes` on stable storage.
///
/// # Errors
/// What the operating system says, also when the file exists.
pub fn write_new(path: &Path, mut bytes: &[u8], access: Access) -> Result<(), FileError> {
    copy_new(path, &mut bytes, access)
}

/// As [`write_new`], with what `from` gives, block by block.
///
/// # Errors
/// As [`write_new`], and when `from` fails.
pub fn copy_new(path: &Path, from: &mut dyn Read, access: Access) -> Result<(), FileError> {
    let mut file = create_new(path, access)?;
    io::copy(from, &mut file).map_err(at("write", path))?;
    file.sync_all().map_err(at("sync", path))
}

fn create_new(path: &Path, access: Access) -> Result<File, FileError> {
    let mode = match access {
        Access::Private => 0o600,
        Access::Shared => 0o644,
    };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(at("create", path))
}

/// Makes the entries of directory `path` durable.
///
/// # Errors
/// What the operating system says.
pub fn sync_directory(path: &Path) -> Result<(), FileError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(at("sync", path))
}

/// Makes `path` and its parents, for the owner alone (0700); fine if it is there.
///
/// # Errors
/// What the operating system says.
pub fn create_private_directory(path: &Path) -> Result<(), FileError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(at("create", path))
}

/// Makes `path` and its parents; fine if it is there.
///
/// # Errors
/// What the operating system says.
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(at("create", path))
}

/// The regular files directly in `directory`, by name, sorted; empty when there is no such directory.
///
/// # Errors
/// What the operating system says. Names that are not Unicode are an error, not left out.
pub fn list(directory: &Path) -> Result<Vec<String>, FileError> {
    entries(directory, Path::is_file)
}

/// As [`list`], but the directories.
///
/// # Errors
/// As [`list`].
pub fn directories(directory: &Path) -> Result<Vec<String>, FileError> {
    entries(directory, Path::is_dir)
}

/// As [`list`], but whatever is there, links and pipes too.
///
/// # Errors
/// As [`list`].
pub fn everything(directory: &Path) -> Result<Vec<String>, FileError> {
    entries(directory, |_| true)
}

fn entries(directory: &Path, wanted: fn(&Path) -> bool) -> Result<Vec<String>, FileError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at("list", directory)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(at("list", directory))?;
        if wanted(&entry.path()) {
            let name = entry.file_name().into_string().map_err(|_| FileError::Io {
                verb: "list",
                path: entry.path(),
                source: io::Error::new(io::ErrorKind::InvalidData, "the name is not Unicode"),
            })?;
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Opens the directory `path`, which is spelled without links: where one stands in the way, it is not opened.
///
/// # Errors
/// What the operating system says, and [`FileError::NotAFile`] where it is another place than it says.
pub fn open_directory(path: &Path) -> Result<File, FileError> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed();
    let mut options = OpenOptions::new();
    let opened = options.read(true).custom_flags(flags).open(path);
    let opened = opened.map_err(at("open", path))?;
    let (found, spelled) = (opened.metadata(), fs::symlink_metadata(path));
    let (found, spelled) = found
        .and_then(|found| Ok((found, spelled?)))
        .map_err(at("open", path))?;
    let is_same = (found.dev(), found.ino()) == (spelled.dev(), spelled.ino());
    match canonical(path)? == path && is_same {
        true => Ok(opened),
        false => Err(FileError::NotAFile(path.to_owned())),
    }
}

/// `path` without links.
///
/// # Errors
/// What the operating system says, above all that it is not there.
pub fn canonical(path: &Path) -> Result<PathBuf, FileError> {
    fs::canonicalize(path).map_err(at("open", path))
}

/// The lengths of all files below `directory` together, and how many entries there are; beyond `most` entries nothing
/// is looked at. Links are not followed.
///
/// # Errors
/// What the operating system says, but for what is gone meanwhile.
pub fn holds(directory: &Path, most: u64) -> Result<(u64, u64), FileError> {
    let (mut bytes, mut entries) = (0_u64, 0_u64);
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        let listed = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            listed => listed.map_err(at("list", &directory))?,
        };
        for entry in listed {
            let entry = entry.map_err(at("list", &directory))?;
            entries = entries.saturating_add(1);
            if entries > most {
                return Ok((bytes, entries));
            }
            match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(at("look at", &entry.path())(error)),
                Ok(found) if found.is_dir() => waiting.push(entry.path()),
                Ok(found) if found.is_file() => bytes = bytes.saturating_add(found.len()),
                Ok(_) => {}
            }
        }
    }
    Ok((bytes, entries))
}

/// Removes the file `path`; fine if it is absent.
///
/// # Errors
/// What the operating system says.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes the directory `path` with all in it; fine if it is absent. Links in it are not followed.
///
/// # Errors
/// What the operating system says.
pub fn remove_directory(path: &Path) -> Result<(), FileError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Gives `from` the name `to`, durably; a directory there must be empty.
///
/// # Errors
/// What the operating system says.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).map_err(at("replace", to))?;
    sync_directory(parent(to))
}

/// Opens `path` for reading and appending writes, creating it for the owner alone.
///
/// # Errors
/// What the operating system says.
pub fn open_private(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    open_regular(path, &mut options, "open")
}

/// Opens `path` for writes at its end, by several processes too, creating it for the owner alone.
///
/// # Errors
/// What the operating system says.
pub fn open_to_append(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    open_regular(path, &mut options, "open")
}

/// Opens `path` to read it piece by piece.
///
/// # Errors
/// What the operating system says.
pub fn open_to_read(path: &Path) -> Result<File, FileError> {
    open_regular(path, OpenOptions::new().read(true), "open")
}

/// Opens `path` without waiting for anybody, and refuses what is not a regular file.
fn open_regular(
    path: &Path,
    options: &mut OpenOptions,
    verb: &'static str,
) -> Result<File, FileError> {
    // A pipe without its other end would otherwise keep `open` itself waiting.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC).bits();
    let file = options
        .custom_flags(flags.cast_signed())
        .open(path)
        .map_err(at(verb, path))?;
    let kind = file.metadata().map_err(at(verb, path))?;
    if !kind.is_file() {
        return Err(FileError::NotAFile(path.to_owned()));
    }
    Ok(file)
}

/// An exclusive advisory lock on a file, held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock on `path` (created if absent) without waiting.
    ///
    /// # Errors
    /// [`FileError::Locked`] when another process holds it.
    pub fn take(path: &Path) -> Result<Self, FileError> {
        let file = open_private(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(FileError::Locked(path.to_owned())),
            Err(fs::TryLockError::Error(source)) => Err(at("lock", path)(source)),
        }
    }
}

/// Many times the step of the clock that stamps files, 1 to 10 ms.
const SETTLES: SignedDuration = SignedDuration::from_millis(50);

/// What tells one state of a file from another without reading it. The change time can't be set
/// by an ordinary program, so an edit that keeps length and modification time still shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of `path` now; `None` when there is no such file or it can't be asked after.
    pub fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        Some(Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }

    /// Whether a later change is sure to give another stamp, at the time `now`: the system's clock
    /// for files moves in steps, and within one step two changes look the same.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let nanoseconds = i32::try_from(nanoseconds).unwrap_or(0);
        Timestamp::new(seconds, nanoseconds)
            .is_ok_and(|changed| now.duration_since(changed) > SETTLES)
    }
}

/// Whether group or others may read or write `path`.
///
/// # Errors
/// What the operating system says.
pub fn is_open_to_others(path: &Path) -> Result<bool, FileError> {
    let meta = fs::metadata(path).map_err(at("inspect", path))?;
    Ok(meta.permissions().mode() & 0o077 != 0)
}

fn beside(path: &Path) -> PathBuf {
    // Two threads may write the same file: each has a temporary one of its own.
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.{write}.tmp", std::process::id()));
    path.with_file_name(name)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn at(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io { verb, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_new(&path, b"12345", Access::Private).unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        assert!(matches!(
            read_bounded(&path, 4),
            Err(FileError::TooLarge { .. })
        ));
    }

    #[test]
    fn an_edit_of_equal_length_and_time_changes_the_stamp() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_new(&path, b"allow", Access::Private).unwrap();
        let before = Stamp::of(&path).unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all(b"ALLOW").unwrap();
        file.set_modified(time).unwrap();
        drop(file);
        assert_ne!(Some(before), Stamp::of(&path));
    }

    #[test]
    fn a_second_lock_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&path), Err(FileError::Locked(_))));
        drop(held);
        assert!(Lock::take(&path).is_ok());
    }

    #[test]
    fn a_private_write_is_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_atomic(&path, b"x", Access::Private).unwrap();
        assert!(!is_open_to_others(&path).unwrap());
    }

    #[test]
    fn a_pipe_in_place_of_a_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        let refused = |outcome: Result<(), FileError>| {
            assert!(
                matches!(outcome, Err(FileError::NotAFile(_))),
                "{outcome:?}"
            );
        };
        refused(read_bounded(&path, 5).map(drop));
        refused(open_to_read(&path).map(drop));
        refused(open_private(&path).map(drop));
        refused(Lock::take(&path).map(drop));
        refused(read_bounded(dir.path(), 5).map(drop));
    }

    #[test]
    fn threads_that_write_the_same_file_do_not_disturb_one_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::thread::scope(|scope| {
            let write = |byte: u8| {
                for _ in 0..50 {
                    write_atomic(&path, &[byte; 4096], Access::Private).unwrap();
                }
            };
            scope.spawn(move || write(b'a'));
            scope.spawn(move || write(b'b'));
        });
        let bytes = read_bounded(&path, 4096).unwrap();
        assert!(bytes == [b'a'; 4096] || bytes == [b'b'; 4096]);
        assert_eq!(list(dir.path()).unwrap(), ["f"]);
    }

    #[test]
    fn a_stamp_settles_after_a_while() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_new(&path, b"x", Access::Private).unwrap();
        let stamp = Stamp::of(&path).unwrap();
        let now = Timestamp::now();
        assert!(!stamp.is_settled(now));
        assert!(stamp.is_settled(now + SETTLES * 2));
        // A clock that was set back tells nothing.
        assert!(!stamp.is_settled(now - SETTLES * 2));
    }
}
