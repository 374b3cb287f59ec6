//! The highest version seen of each skill, so that an old signed version does not come back.
//!
//! The file is authenticated with the keystore. It can't tell that it was replaced by its own older
//! copy as a whole: the log's checkpoints can.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use semver::Version;
use serde::{Deserialize, Serialize};
use vouchsafe_ambient::files::{self, Access, FileError};
use vouchsafe_keys::MacKey;

use super::verify::Verified;
use crate::SkillName;
use crate::value::{Caps, ParseError, parse_strict};

/// The highest version of each skill of each publisher, and the highest numbers of a revocation list,
/// of an applied statement and of a change of credentials.
pub struct VersionMemory {
    path: PathBuf,
    key: MacKey,
    seen: Seen,
}

/// Why a version is not admitted, or the memory can't be relied on.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not JSON.
    #[error("`{}`: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParseError,
    },
    /// The file is not what this host wrote.
    #[error("`{}` was edited, or belongs to another keystore: it no longer tells which versions were seen", .0.display())]
    NotOurs(PathBuf),
    /// A lower version than one already seen.
    #[error(transparent)]
    Rollback(#[from] Box<Rollback>),
}

/// An older version of a skill, offered after a newer one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{skill} {version} is older than {seen}, which `{publisher}` published before: a rollback")]
pub struct Rollback {
    /// Who published both.
    pub publisher: String,
    /// The skill.
    pub skill: SkillName,
    /// The version offered.
    pub version: Version,
    /// The highest seen.
    pub seen: Version,
}

impl VersionMemory {
    /// A new, empty memory at `path`, where none may be.
    ///
    /// # Errors
    /// When the file exists or can't be written.
    pub fn create(path: &Path, key: MacKey) -> Result<Self, MemoryError> {
        let memory = Self {
            path: path.to_owned(),
            key,
            seen: Seen::default(),
        };
        files::write_new(path, &memory.to_file(), Access::Private)?;
        Ok(memory)
    }

    /// The memory at `path`. It must be there: one that was deleted has forgotten.
    ///
    /// # Errors
    /// When it is absent, edited, or another keystore's.
    pub fn open(path: &Path, key: MacKey) -> Result<Self, MemoryError> {
        let bytes = files::read_bounded(path, MAX_FILE)?;
        let not_ours = || MemoryError::NotOurs(path.to_owned());
        let json = |source| MemoryError::Json {
            path: path.to_owned(),
            source,
        };
        let document = parse_strict(&bytes, &CAPS).map_err(json)?;
        let file: File = serde_json::from_value(document).map_err(|_| not_ours())?;
        let tag = hex::decode(&file.mac).map_err(|_| not_ours())?;
        if file.seen.version != FORM || !key.verify(&file.seen.canonical(), &tag) {
            return Err(not_ours());
        }
        Ok(Self {
            path: path.to_owned(),
            key,
            seen: file.seen,
        })
    }

    /// Takes note of `verified`. An older version than the highest seen is refused unless
    /// `allow_rollback`, which a grant that pins its digest says; the highest stays noted then.
    ///
    /// # Errors
    /// [`MemoryError::Rollback`], or when the note can't be written.
    pub fn admit(&mut self, verified: &Verified, allow_rollback: bool) -> Result<(), MemoryError> {
        let package = verified.package();
        self.admit_version(
            verified.publisher(),
            &package.name,
            &package.version,
            allow_rollback,
        )
    }

    /// What [`VersionMemory::admit`] says of `verified`, taking no note.
    ///
    /// # Errors
    /// [`MemoryError::Rollback`].
    pub fn check(&self, verified: &Verified, allow_rollback: bool) -> Result<(), MemoryError> {
        let package = verified.package();
        self.check_version(
            verified.publisher(),
            &package.name,
            &package.version,
            allow_rollback,
        )
    }

    /// Takes note that `version` was seen. A lower one changes nothing.
    ///
    /// # Errors
    /// When the note can't be written.
    pub fn note_version(
        &mut self,
        publisher: &str,
        skill: &SkillName,
        version: &Version,
    ) -> Result<(), MemoryError> {
        self.admit_version(publisher, skill, version, true)
    }

    /// Writes the same memory under another key to `path`.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn rekey(self, path: &Path, key: MacKey) -> Result<Self, MemoryError> {
        let rekeyed = Self {
            path: path.to_owned(),
            key,
            ..self
        };
        files::write_atomic(path, &rekeyed.to_file(), Access::Private)?;
        Ok(rekeyed)
    }

    fn check_version(
        &self,
        publisher: &str,
        skill: &SkillName,
        version: &Version,
        allow_rollback: bool,
    ) -> Result<(), MemoryError> {
        match self.highest(publisher, skill) {
            // Build metadata does not order versions.
            Some(seen) if version.cmp_precedence(seen).is_lt() && !allow_rollback => {
                Err(MemoryError::from(Box::new(Rollback {
                    publisher: publisher.to_owned(),
                    skill: skill.clone(),
                    version: version.clone(),
                    seen: seen.clone(),
                })))
            }
            _ => Ok(()),
        }
    }

    fn admit_version(
        &mut self,
        publisher: &str,
        skill: &SkillName,
        version: &Version,
        allow_rollback: bool,
    ) -> Result<(), MemoryError> {
        self.check_version(publisher, skill, version, allow_rollback)?;
        let seen = self.highest(publisher, skill);
        if seen.is_some_and(|seen| version.cmp_precedence(seen).is_le()) {
            return Ok(());
        }
        let key = format!("{publisher}/{skill}");
        let mut next = self.seen.clone();
        next.skills.insert(key, version.clone());
        self.replace(next)
    }

    /// The highest version seen of `skill` from `publisher`.
    #[must_use]
    pub fn highest(&self, publisher: &str, skill: &SkillName) -> Option<&Version> {
        self.seen.skills.get(&format!("{publisher}/{skill}"))
    }

    /// The highest number of a revocation list seen; 0 at first.
    #[must_use]
    pub fn revocations_seen(&self) -> u64 {
        self.seen.revocations
    }

    /// Takes note of a revocation list's number. A lower one changes nothing.
    ///
    /// # Errors
    /// When the note can't be written.
    pub fn note_revocations(&mut self, number: u64) -> Result<(), MemoryError> {
        if number <= self.seen.revocations {
            return Ok(());
        }
        let mut next = self.seen.clone();
        next.revocations = number;
        self.replace(next)
    }

    /// The highest serial number of an applied statement seen; 0 at first.
    #[must_use]
    pub fn statements_seen(&self) -> u64 {
        self.seen.statement
    }

    /// Takes note of an applied statement's serial number. A lower one changes nothing.
    ///
    /// # Errors
    /// When the note can't be written.
    pub fn note_statement(&mut self, serial: u64) -> Result<(), MemoryError> {
        if serial <= self.seen.statement {
            return Ok(());
        }
        let mut next = self.seen.clone();
        next.statement = serial;
        self.replace(next)
    }

    /// The highest number of a change of credentials seen; 0 at first.
    #[must_use]
    pub fn credentials_seen(&self) -> u64 {
        self.seen.credentials
    }

    /// Takes note of the number of a change of credentials. A lower one changes nothing.
    ///
    /// # Errors
    /// When the note can't be written.
    pub fn note_credentials(&mut self, number: u64) -> Result<(), MemoryError> {
        if number <= self.seen.credentials {
            return Ok(());
        }
        let mut next = self.seen.clone();
        next.credentials = number;
        self.replace(next)
    }

    fn replace(&mut self, seen: Seen) -> Result<(), MemoryError> {
        let before = std::mem::replace(&mut self.seen, seen);
        let written = files::write_atomic(&self.path, &self.to_file(), Access::Private);
        if written.is_err() {
            self.seen = before;
        }
        Ok(written?)
    }

    fn to_file(&self) -> Vec<u8> {
        let mac = hex::encode(self.key.tag(&self.seen.canonical()));
        let mut text =
            crate::value::canonical(&serde_json::json!({ "seen": self.seen, "mac": mac }));
        text.push(b'\n');
        text
    }
}

const FORM: u32 = 1;
const MAX_FILE: u64 = 16 << 20;
const CAPS: Caps = Caps {
    depth: 8,
    nodes: 200_000,
    bytes: 16 << 20,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seen: Seen,
    mac: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    version: u32,
    revocations: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    statement: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    credentials: u64,
    skills: BTreeMap<String, Version>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            version: FORM,
            revocations: 0,
            statement: 0,
            credentials: 0,
            skills: BTreeMap::new(),
        }
    }
}

impl Seen {
    fn canonical(&self) -> Vec<u8> {
        crate::value::canonical(&serde_json::json!(self))
    }
}
