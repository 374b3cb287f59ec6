//! `[files.NAME]`: the folder of the host that a skill finds under a name, and how much it may put there.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_package::manifest::{Access, ByteSize};

use crate::place::{At, Fault, Place, Source};

/// The most entries that a folder's quota can give: all are counted before the first change of a call.
pub const MOST_FILES: u64 = 1_000_000;

/// What a grant says of one folder.
#[derive(Debug, Clone)]
pub struct FilesGrant {
    /// Where the folder is named.
    pub place: Place,
    /// The folder on this host.
    pub path: At<PathBuf>,
    /// What it may hold, where the skill may change it; without one it reads.
    pub quota: Option<Quota>,
}

/// What a folder that skills change may hold, whoever put it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes in its files, by their lengths.
    pub bytes: u64,
    /// Files, folders and links in it.
    pub files: u64,
}

impl PartialEq for FilesGrant {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.quota) == (&other.path, &other.quota)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFiles {
    path: Option<Spanned<String>>,
    access: Option<Spanned<Access>>,
    max_bytes: Option<Spanned<ByteSize>>,
    max_files: Option<Spanned<u64>>,
}

impl RawFiles {
    pub(super) fn read(self, source: &Source<'_>, name: At<String>) -> Result<FilesGrant, Fault> {
        let At { value: name, place } = name;
        let missing = |what: &str| {
            let problem = format!("`[files.{name}]` does not say {what}");
            Fault::new(place.clone(), problem)
        };
        let path = self
            .path
            .ok_or_else(|| missing("which folder it is").with_fix("add `path = \"/...\"`"))?;
        let access = self
            .access
            .map_or(Access::Read, |access| access.into_inner());
        let quota = match (access, self.max_bytes, self.max_files) {
            (Access::Read, None, None) => None,
            (Access::Read, ..) => {
                return Err(
                    missing("that it may be written to, and bounds that").with_fix(
                        "take `max_bytes` and `max_files` out, or write `access = \"write\"`",
                    ),
                );
            }
            (Access::Write, Some(bytes), Some(files)) => Some(Quota {
                bytes: source.at(bytes).value.0,
                files: source.at(files).try_map(entries)?.value,
            }),
            (Access::Write, ..) => {
                return Err(missing("how much it may hold").with_fix(
                    "add `max_bytes = \"...\"` and `max_files = ...`: all of it, whoever put it there",
                ));
            }
        };
        let path = source.at(path).try_map(folder)?;
        Ok(FilesGrant { place, path, quota })
    }
}

fn entries(files: u64) -> Result<u64, String> {
    match files {
        1..=MOST_FILES => Ok(files),
        _ => Err(format!("a folder holds from 1 to {MOST_FILES} entries")),
    }
}

/// One spelling of one folder, so that what is shown is what is opened.
fn folder(text: String) -> Result<PathBuf, String> {
    let mut parts = text.split('/');
    let is_absolute = parts.next() == Some("") && text.len() > 1;
    let is_plain =
        |part: &str| !matches!(part, "" | "." | "..") && !part.contains(char::is_control);
    if !is_absolute || !parts.all(is_plain) || text.len() > 1024 {
        return Err(format!(
            "{text:?} is not a folder: want an absolute path without `.`, `..`, `//` or a `/` at its end"
        ));
    }
    Ok(PathBuf::from(text))
}
