//! The files in the configuration directory: proposals, until they are applied; and whether one of
//! them was edited since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, FileError, Stamp};
use vouchsafe_package::Digest;

/// The largest configuration file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Directories of files, each with the ending that counts.
const DIRECTORIES: [(&str, &str); 3] = [
    ("grants", ".toml"),
    ("roles", ".toml"),
    ("policies", ".cedar"),
];

/// Files directly in the configuration directory.
const SINGLE: [&str; 3] = ["trust.toml", "revocations.json", "egress.toml"];

/// The names that mean something, for who used another.
pub const NAMES: &str = "trust.toml, revocations.json, egress.toml, grants/*.toml, roles/*.toml, policies/*.cedar, drafts/, operator.key";

/// What else may lie there: never read as a rule.
const BESIDE: [&str; 2] = ["drafts", "operator.key"];

/// What lies in `config` and is no file of rules nor known to lie beside them: whoever wrote it takes it for a
/// rule. What editors leave there, `.NAME` and `NAME~`, is none.
///
/// # Errors
/// When a directory can't be listed.
pub fn strangers(config: &Path) -> Result<Vec<String>, FileError> {
    let mut strangers = Vec::new();
    let is_editors = |name: &str| name.starts_with('.') || name.ends_with('~');
    for name in files::everything(config)? {
        let directory = DIRECTORIES.iter().find(|(directory, _)| *directory == name);
        let known = SINGLE.contains(&name.as_str()) || BESIDE.contains(&name.as_str());
        let Some((_, ending)) = directory else {
            if !known && !is_editors(&name) {
                strangers.push(name);
            }
            continue;
        };
        for file in files::everything(&config.join(&name))? {
            if !file.ends_with(ending) && !is_editors(&file) {
                strangers.push(format!("{name}/{file}"));
            }
        }
    }
    Ok(strangers)
}

/// Reads every file that `apply` puts into force, by its path below `config`.
///
/// # Errors
/// When one can't be read or is larger than 1 MiB.
pub fn read(config: &Path) -> Result<BTreeMap<String, Vec<u8>>, FileError> {
    let mut found = BTreeMap::new();
    for name in names(config)? {
        if let Some(bytes) = files::read_if_present(&config.join(&name), MAX_FILE)? {
            found.insert(name, bytes);
        }
    }
    Ok(found)
}

fn names(config: &Path) -> Result<Vec<String>, FileError> {
    let mut names: Vec<String> = SINGLE.iter().map(|name| (*name).to_owned()).collect();
    for (directory, ending) in DIRECTORIES {
        let listed = files::list(&config.join(directory))?;
        let wanted = listed.iter().filter(|name| name.ends_with(ending));
        names.extend(wanted.map(|name| format!("{directory}/{name}")));
    }
    Ok(names)
}

/// Tells whether applied files are still on disk as they were applied, at the price of asking the
/// file system for a stamp; a file is read again only when its stamp has changed.
#[derive(Debug)]
pub struct Watch {
    config: PathBuf,
    applied: BTreeMap<String, Digest>,
    seen: Mutex<BTreeMap<String, Seen>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    stamp: Option<Stamp>,
    as_applied: bool,
}

impl Watch {
    /// Watches the files below `config` that were applied with these digests.
    pub fn new(config: &Path, applied: BTreeMap<String, Digest>) -> Self {
        Self {
            config: config.to_owned(),
            applied,
            seen: Mutex::default(),
        }
    }

    /// Whether the file `name` is now as it was applied; a file that was not applied must be absent.
    pub fn is_as_applied(&self, name: &str) -> bool {
        let path = self.config.join(name);
        let stamp = Stamp::of(&path);
        if let Some(seen) = self.seen().get(name)
            && seen.stamp == stamp
        {
            return seen.as_applied;
        }
        // The stamp is older than the bytes: a change in between shows at the next look.
        let now = files::read_if_present(&path, MAX_FILE);
        let now = now.map(|bytes| bytes.map(|bytes| Digest::of(&bytes)));
        let as_applied = now.is_ok_and(|now| now.as_ref() == self.applied.get(name));
        if stamp.is_none_or(|stamp| stamp.is_settled(clock::now())) {
            let seen = Seen { stamp, as_applied };
            self.seen().insert(name.to_owned(), seen);
        }
        as_applied
    }

    /// Not to be held while a file is read: calls of other skills would wait for the disk.
    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every file that is not as it was applied.
    ///
    /// # Errors
    /// When the directories can't be listed.
    pub fn edited(&self) -> Result<Vec<String>, FileError> {
        let mut names = names(&self.config)?;
        names.extend(self.applied.keys().cloned());
        names.sort();
        names.dedup();
        names.retain(|name| !self.is_as_applied(name));
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouchsafe_ambient::files::Access;

    fn write(path: &Path, text: &str) {
        files::write_atomic(path, text.as_bytes(), Access::Private).unwrap();
    }

    #[test]
    fn an_edited_a_removed_and_an_added_file_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path();
        files::create_directory(&config.join("grants")).unwrap();
        write(&config.join("trust.toml"), "old");
        write(&config.join("grants/a.toml"), "a");
        let digests = read(config).unwrap();
        let digests = digests
            .iter()
            .map(|(name, bytes)| (name.clone(), Digest::of(bytes)));
        let watch = Watch::new(config, digests.collect());
        assert!(watch.edited().unwrap().is_empty());

        write(&config.join("trust.toml"), "new");
        write(&config.join("grants/b.toml"), "b");
        files::remove(&config.join("grants/a.toml")).unwrap();
        assert_eq!(
            watch.edited().unwrap(),
            ["grants/a.toml", "grants/b.toml", "trust.toml"]
        );

        write(&config.join("trust.toml"), "old");
        assert!(watch.is_as_applied("trust.toml"));
    }

    #[test]
    fn a_file_that_changed_a_moment_ago_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trust.toml");
        write(&path, "old");
        let applied = BTreeMap::from([("trust.toml".to_owned(), Digest::of(b"old"))]);
        let watch = Watch::new(directory.path(), applied);
        assert!(watch.is_as_applied("trust.toml"));
        assert!(watch.seen().is_empty());
        std::thread::sleep(std::time::Duration::from_millis(60));
        assert!(watch.is_as_applied("trust.toml"));
        assert!(!watch.seen().is_empty());
    }
}
