//! News of changes to files, as the kernel tells it (inotify(7)): cheaper to ask for than each file.
//!
//! What is told: a write, a truncation, a change of metadata, and every name that comes, goes or
//! moves, before the call that made it returns. What is not: writes through mapped memory, something
//! mounted over a directory, and whatever is done to a file system from elsewhere. There is no news
//! from file systems where the last may be; for the other two, silence is worth something for a short
//! while only.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

/// Room for what has happened since the last time; more is asked for again.
const EVENTS: usize = 4096;

/// File systems that change in no other way than through this kernel, each by what statfs(2) calls
/// it: ext, XFS, Btrfs, Bcachefs, F2FS, ZFS and memory. Of network and of layered ones others know more.
const OURS_ALONE: [u64; 7] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0xca45_1a4e,
    0xf2f5_2010,
    0x2fc1_2fc1,
    0x0102_1994,
];

/// News of some files and directories.
#[derive(Debug)]
pub struct News(OwnedFd);

impl News {
    /// News of nothing yet; `None` where the system gives none, or no more.
    pub fn begin() -> Option<Self> {
        inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)
            .ok()
            .map(Self)
    }

    /// From now on also of `path`: of a file what is done to it under any name, of a directory also
    /// which names come and go. Asking again for the same is no error.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::NotFound`] where there is nothing; also for a
    /// symbolic link, whose target may change unseen, and on a file system that others may change.
    pub fn of(&self, path: &Path) -> io::Result<()> {
        let file_system = rustix::fs::statfs(path)?.f_type;
        if !u64::try_from(file_system).is_ok_and(|kind| OURS_ALONE.contains(&kind)) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let changes = WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE;
        self.watch(path, changes)
    }

    /// From now on also of the directory `path` itself, that it moves or goes, but not of what is in it:
    /// for those on the way to something.
    ///
    /// # Errors
    /// As [`News::of`].
    pub fn of_way(&self, path: &Path) -> io::Result<()> {
        self.watch(path, WatchFlags::empty())
    }

    fn watch(&self, path: &Path, changes: WatchFlags) -> io::Result<()> {
        if std::fs::symlink_metadata(path)?.is_symlink() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let of_itself = WatchFlags::ATTRIB | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        let changes = changes | of_itself | WatchFlags::DONT_FOLLOW;
        inotify::add_watch(&self.0, path, changes)?;
        Ok(())
    }

    /// Whether anything has happened since this was last asked. When in doubt, yes.
    pub fn has_come(&self) -> bool {
        let mut events = [MaybeUninit::<u8>::uninit(); EVENTS];
        let mut come = false;
        loop {
            match rustix::io::read(&self.0, &mut events) {
                Ok(_) => come = true,
                Err(Errno::AGAIN) => return come,
                Err(Errno::INTR) => {}
                Err(_) => return true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn whatever_is_done_to_a_file_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("f"), dir.path().join("g"));
        fs::write(&file, "a").unwrap();
        fs::hard_link(&file, &other).unwrap();
        let news = News::begin().unwrap();
        for path in [dir.path(), &file, &file] {
            news.of(path).unwrap();
        }
        assert!(!news.has_come());
        let acts: [&dyn Fn() -> io::Result<()>; 6] = [
            &|| fs::write(&file, "b"),
            &|| fs::write(&other, "c"),
            &|| fs::write(dir.path().join("new"), ""),
            &|| fs::rename(dir.path().join("new"), &file),
            &|| fs::remove_file(&file),
            &|| fs::create_dir(&file),
        ];
        for (number, act) in acts.iter().enumerate() {
            act().unwrap();
            assert!(news.has_come(), "{number}");
            assert!(!news.has_come(), "{number}");
        }
        drop(fs::read(&other));
        assert!(!news.has_come());
    }

    #[test]
    fn of_a_directory_on_the_way_only_its_going_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (way, other) = (dir.path().join("a"), dir.path().join("b"));
        fs::create_dir(&way).unwrap();
        let news = News::begin().unwrap();
        news.of_way(&way).unwrap();
        fs::write(way.join("f"), "").unwrap();
        assert!(!news.has_come());
        fs::rename(&way, &other).unwrap();
        assert!(news.has_come());
    }

    #[test]
    fn there_is_no_news_from_a_file_system_that_others_change() {
        let news = News::begin().unwrap();
        let error = news.of(Path::new("/proc/self/status")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }

    #[test]
    fn there_is_no_news_of_what_is_absent_or_behind_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let news = News::begin().unwrap();
        let absent = news.of(&dir.path().join("f")).unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
        fs::write(dir.path().join("g"), "").unwrap();
        symlink("g", dir.path().join("f")).unwrap();
        assert!(news.of(&dir.path().join("f")).is_err());
    }
}
