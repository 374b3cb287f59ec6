//! The files in the configuration directory: proposals, until they are applied; and whether one of
//! them was edited since.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, FileError, Stamp};
use vouchsafe_ambient::news::News;
use vouchsafe_package::Digest;

/// The largest configuration file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Directories of files, each with the ending that counts.
const DIRECTORIES: [(&str, &str); 5] = [
    ("agents", ".toml"),
    ("approvers", ".toml"),
    ("grants", ".toml"),
    ("roles", ".toml"),
    ("policies", ".cedar"),
];

/// Files directly in the configuration directory.
const SINGLE: [&str; 4] = [
    "trust.toml",
    "revocations.json",
    "egress.toml",
    "vouchsafe.toml",
];

/// The names that mean something, for who used another.
pub const NAMES: &str = "trust.toml, revocations.json, egress.toml, vouchsafe.toml, grants/*.toml, roles/*.toml, approvers/*.toml, agents/*.toml, policies/*.cedar, drafts/, operator.key";

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

/// How long a look at a file's stamp counts while there is no news of it. What the kernel gives no news of shows within
/// this time if it changes the stamp, all else at the next call. A write through memory that was mapped, to a page
/// already written to, changes no stamp until the kernel has written the page back: it shows as late as that.
const LOOK_COUNTS: Duration = Duration::from_millis(5);

/// Tells whether applied files are still on disk as they were applied, at the price of asking for
/// news, and now and then for each file's stamp; a file is read again only when its stamp has changed.
#[derive(Debug)]
pub struct Watch {
    config: PathBuf,
    applied: BTreeMap<String, Digest>,
    news: Option<News>,
    looks: Mutex<Looks>,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Looks {
    seen: BTreeMap<String, Seen>,
    /// Paths that there is news of, since it last came.
    told_of: BTreeSet<PathBuf>,
    /// How often news came.
    news: u64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    stamp: Option<Stamp>,
    as_applied: bool,
    /// When it was looked at, and how often news had come by then; not where nothing tells of it.
    quiet_since: Option<(Instant, u64)>,
}

impl Watch {
    /// Watches the files below `config` that were applied with these digests.
    pub fn new(config: &Path, applied: BTreeMap<String, Digest>) -> Self {
        Self {
            config: config.to_owned(),
            applied,
            news: News::begin(),
            looks: Mutex::default(),
        }
    }

    /// One of the files `names` that is not now as it was applied; a file that was not applied must
    /// be absent.
    pub fn edited_of<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let mut unknown = Vec::new();
        {
            let mut looks = self.looks();
            looks.catch_up(self.news.as_ref());
            let now = Instant::now();
            for name in names {
                match looks.known(name, now) {
                    Some(true) => {}
                    Some(false) => return Some(name),
                    None => unknown.push(name),
                }
            }
        }
        unknown.into_iter().find(|name| !self.is_as_applied(name))
    }

    /// Looks whether the file `name` is now as it was applied.
    pub(crate) fn is_as_applied(&self, name: &str) -> bool {
        // News is asked for first: what changes after the look is told.
        let (before, told) = self.ask_for_news(name);
        let path = self.config.join(name);
        let (looked, stamp) = (Instant::now(), Stamp::of(&path));
        let quiet_since = told.map(|news| (looked, news));
        if let Some(seen) = before
            && seen.stamp == stamp
        {
            let seen = Seen {
                quiet_since,
                ..seen
            };
            self.looks().seen.insert(name.to_owned(), seen);
            return seen.as_applied;
        }
        // The stamp is older than the bytes: a change in between shows at the next look.
        let now = files::read_if_present(&path, MAX_FILE);
        let now = now.map(|bytes| bytes.map(|bytes| Digest::of(&bytes)));
        let as_applied = now.is_ok_and(|now| now.as_ref() == self.applied.get(name));
        if stamp.is_none_or(|stamp| stamp.is_settled(clock::now())) {
            let seen = Seen {
                stamp,
                as_applied,
                quiet_since,
            };
            self.looks().seen.insert(name.to_owned(), seen);
        }
        as_applied
    }

    /// What was seen of `name`, and if there will be news of it, how often news has come so far.
    fn ask_for_news(&self, name: &str) -> (Option<Seen>, Option<u64>) {
        let mut looks = self.looks();
        let before = looks.seen.get(name).copied();
        let Some(news) = &self.news else {
            return (before, None);
        };
        let told = looks.ask_for(news, &self.config, Path::new(name));
        (before, told.is_ok().then_some(looks.news))
    }

    /// Not to be held while a file is read: calls of other skills would wait for the disk.
    fn looks(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Looks {
    /// Asks whether news has come. Held by who asks until it is counted, so that nobody goes by looks
    /// of before.
    fn catch_up(&mut self, news: Option<&News>) {
        if news.is_some_and(News::has_come) {
            self.news += 1;
            // Something else may stand there now.
            self.told_of.clear();
        }
    }

    /// Asks for news of `config`, of the way there, of `name` in it, and of the directories between.
    fn ask_for(&mut self, news: &News, config: &Path, name: &Path) -> io::Result<()> {
        for above in config.ancestors().skip(1) {
            self.ask_for_one(above, |path| news.of_way(path))?;
        }
        let mut path = config.to_owned();
        self.ask_for_one(&path, |path| news.of(path))?;
        for step in name {
            path.push(step);
            match self.ask_for_one(&path, |path| news.of(path)) {
                // The directory above tells when it comes.
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                asked => asked?,
            }
        }
        Ok(())
    }

    fn ask_for_one(
        &mut self,
        path: &Path,
        ask: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        if !self.told_of.contains(path) {
            ask(path)?;
            self.told_of.insert(path.to_owned());
        }
        Ok(())
    }

    /// Whether `name` is as it was applied, where a look at it still counts.
    fn known(&self, name: &str, now: Instant) -> Option<bool> {
        let seen = self.seen.get(name)?;
        let (since, news) = seen.quiet_since?;
        let counts = news == self.news && now.duration_since(since) < LOOK_COUNTS;
        counts.then_some(seen.as_applied)
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

    fn watching(directory: &Path, files: &[(&str, &str)]) -> Watch {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let applied = files.iter().map(|(name, text)| {
            write(&directory.join(name), text);
            ((*name).to_owned(), digest(text))
        });
        Watch::new(directory, applied.collect())
    }

    /// Looks until a look counts, as it does for files that have rested.
    fn settle(watch: &Watch, names: &[&str]) {
        let counts = |name: &&str| watch.looks().known(name, Instant::now()).is_some();
        for _ in 0..1000 {
            assert_eq!(watch.edited_of(names.iter().copied()), None);
            if names.iter().all(counts) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("no look counts: is there no news from this file system?");
    }

    #[test]
    fn a_file_that_changed_a_moment_ago_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let watch = watching(directory.path(), &[("trust.toml", "old")]);
        assert!(watch.is_as_applied("trust.toml"));
        assert!(watch.looks().seen.is_empty());
        std::thread::sleep(Duration::from_millis(60));
        assert!(watch.is_as_applied("trust.toml"));
        assert!(!watch.looks().seen.is_empty());
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "an edit in place, as editors make it"
    )]
    fn an_edit_shows_at_once_while_the_last_look_counts() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path();
        let (trust, grant, absent) = ("trust.toml", "grants/a.toml", "revocations.json");
        files::create_directory(&config.join("grants")).unwrap();
        let watch = watching(config, &[(trust, "old"), (grant, "old")]);
        let edits: [(&str, &dyn Fn()); 4] = [
            (trust, &|| {
                std::fs::write(config.join(trust), "new").unwrap()
            }),
            (grant, &|| write(&config.join(grant), "new")),
            (grant, &|| files::remove(&config.join(grant)).unwrap()),
            (absent, &|| write(&config.join(absent), "new")),
        ];
        for (name, edit) in edits {
            settle(&watch, &[trust, grant, absent]);
            let quiet = Instant::now();
            edit();
            {
                let mut looks = watch.looks();
                looks.catch_up(watch.news.as_ref());
                assert_eq!(looks.known(name, quiet), None, "however fast the edit was");
            }
            assert_eq!(watch.edited_of([trust, grant, absent]), Some(name));
            match name {
                name if name == absent => files::remove(&config.join(name)).unwrap(),
                name => write(&config.join(name), "old"),
            }
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what somebody does to the host")]
    fn another_directory_in_place_of_one_above_shows_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let (above, config) = (directory.path().join("a"), directory.path().join("a/b"));
        files::create_directory(&config).unwrap();
        let watch = watching(&config, &[("trust.toml", "old")]);
        settle(&watch, &["trust.toml"]);
        std::fs::rename(&above, directory.path().join("c")).unwrap();
        files::create_directory(&config).unwrap();
        write(&config.join("trust.toml"), "new");
        assert_eq!(watch.edited_of(["trust.toml"]), Some("trust.toml"));
    }

    #[test]
    fn a_look_counts_for_a_short_while_even_when_all_is_quiet() {
        let directory = tempfile::tempdir().unwrap();
        let watch = watching(directory.path(), &[("trust.toml", "old")]);
        settle(&watch, &["trust.toml"]);
        let later = Instant::now() + LOOK_COUNTS;
        assert_eq!(watch.looks().known("trust.toml", later), None);
    }

    #[test]
    fn without_news_every_call_looks() {
        let directory = tempfile::tempdir().unwrap();
        let mut watch = watching(directory.path(), &[("trust.toml", "old")]);
        watch.news = None;
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(watch.edited_of(["trust.toml"]), None);
        let known = watch.looks().known("trust.toml", Instant::now());
        assert_eq!(known, None);
        write(&directory.path().join("trust.toml"), "new");
        assert_eq!(watch.edited_of(["trust.toml"]), Some("trust.toml"));
    }
}
