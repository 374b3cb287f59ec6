//! The data keys, and the wrapping key that they lie under.
//!
//! `keys-N.json` holds each data key under wrapping key N, which lies in `wrapping-N.key` under the keystore. N rises
//! with each erasure. INVARIANT (one in force): the pair with the highest N of which both files are there is in force,
//! and nothing else is read. The wrapping key is written last and destroyed first.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_keys::{DataKey, SealingKey};

use super::PayloadError;

/// The most that is read of a file of keys, in bytes: some five million subjects.
const MOST: u64 = 1 << 30;
/// The most that is read of a wrapping key, in bytes.
const MOST_OF_ONE: u64 = 4096;

/// Every data key of this host, open.
pub(super) struct Ring {
    directory: PathBuf,
    host: SealingKey,
    generation: u64,
    wrapping: DataKey,
    /// Makes the pseudonyms of subjects.
    names: DataKey,
    /// By the name under which payloads lie.
    keys: BTreeMap<String, Held>,
    /// The key of each subject and class that has one.
    current: BTreeMap<String, String>,
    changed: bool,
}

struct Held {
    of: String,
    key: DataKey,
    wrapped: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    keys: BTreeMap<String, Wrapped>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    /// A subject's pseudonym, or a class.
    of: String,
    /// In base64, bound to both names.
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapping {
    wrapping: String,
    names: String,
}

impl Ring {
    /// The keys in `directory`; fresh ones if there are none. What an erasure that was cut short left behind goes.
    pub(super) fn open(directory: &Path, host: SealingKey) -> Result<Self, PayloadError> {
        let found = files::list(directory)?;
        let number = |name: &String, before: &str, after: &str| -> Option<u64> {
            let number = name.strip_prefix(before)?.strip_suffix(after)?;
            number.parse().ok()
        };
        let rings: Vec<_> = found
            .iter()
            .filter_map(|name| number(name, "keys-", ".json"))
            .collect();
        let wrappings: Vec<_> = found
            .iter()
            .filter_map(|name| number(name, "wrapping-", ".key"))
            .collect();
        let whole = rings.iter().filter(|ring| wrappings.contains(ring)).max();
        let Some(newest) = whole.copied() else {
            let last = rings.iter().chain(&wrappings).max();
            return Self::begin(directory, host, last.map_or(1, |last| last + 1));
        };
        let ring = Self::read(directory, host, newest)?;
        for old in wrappings.iter().filter(|one| **one != newest) {
            destroy(&wrapping_file(directory, *old))?;
        }
        for old in rings.iter().filter(|one| **one != newest) {
            files::remove(&keys_file(directory, *old))?;
        }
        Ok(ring)
    }

    fn begin(directory: &Path, host: SealingKey, generation: u64) -> Result<Self, PayloadError> {
        let mut ring = Self {
            directory: directory.to_owned(),
            host,
            generation,
            wrapping: DataKey::random()?,
            names: DataKey::random()?,
            keys: BTreeMap::new(),
            current: BTreeMap::new(),
            changed: true,
        };
        ring.save()?;
        ring.write_wrapping()?;
        Ok(ring)
    }

    fn read(directory: &Path, host: SealingKey, generation: u64) -> Result<Self, PayloadError> {
        let bytes = files::read_bounded(&wrapping_file(directory, generation), MOST_OF_ONE)?;
        let kept: Wrapping = serde_json::from_slice(&bytes)?;
        let unsealed = |sealed: &str, what: &str| -> Result<DataKey, PayloadError> {
            let sealed = decode(sealed)?;
            Ok(DataKey::unsealed(
                &sealed,
                &host,
                &sealed_as(what, generation),
            )?)
        };
        let (wrapping, names) = (
            unsealed(&kept.wrapping, "wrapping")?,
            unsealed(&kept.names, "names")?,
        );
        let bytes = files::read_bounded(&keys_file(directory, generation), MOST)?;
        let kept: Kept = serde_json::from_slice(&bytes)?;
        let mut keys = BTreeMap::new();
        let mut current = BTreeMap::new();
        for (id, Wrapped { of, key: wrapped }) in kept.keys {
            let key = DataKey::unwrapped(&decode(&wrapped)?, &wrapping, &wrapped_as(&id, &of))?;
            current.insert(of.clone(), id.clone());
            keys.insert(id, Held { of, key, wrapped });
        }
        Ok(Self {
            directory: directory.to_owned(),
            host,
            generation,
            wrapping,
            names,
            keys,
            current,
            changed: false,
        })
    }

    /// How often keys were destroyed, and one.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The name under which `subject` has its key: the same for the life of this home.
    pub(super) fn pseudonym(&self, subject: &str) -> String {
        let tag = self.names.tag(subject.as_bytes());
        format!("s-{}", hex::encode(tag.get(..16).unwrap_or(&tag)))
    }

    /// The key of a subject's pseudonym or a class, made if there is none.
    pub(super) fn key_for(&mut self, of: &str) -> Result<String, PayloadError> {
        if let Some(id) = self.current.get(of) {
            return Ok(id.clone());
        }
        let key = DataKey::random()?;
        // Of no meaning: who has the payloads alone sees that two are of one subject, and not of whom.
        let id = hex::encode(DataKey::random()?.tag(b"id").get(..8).unwrap_or_default());
        let wrapped = key.wrapped(&self.wrapping, &wrapped_as(&id, of))?;
        let held = Held {
            of: of.to_owned(),
            key,
            wrapped: BASE64_STANDARD.encode(wrapped),
        };
        self.keys.insert(id.clone(), held);
        self.current.insert(of.to_owned(), id.clone());
        self.changed = true;
        Ok(id)
    }

    /// The key called `id`, unless it was destroyed.
    pub(super) fn get(&self, id: &str) -> Option<&DataKey> {
        self.keys.get(id).map(|held| &held.key)
    }

    /// The key that a subject's pseudonym or a class has by now.
    pub(super) fn current(&self, of: &str) -> Option<&str> {
        self.current.get(of).map(String::as_str)
    }

    /// Of whom or what the key called `id` is.
    pub(super) fn of(&self, id: &str) -> Option<&str> {
        self.keys.get(id).map(|held| held.of.as_str())
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Writes new keys. What is sealed under them is to be written after that.
    pub(super) fn save(&mut self) -> Result<(), PayloadError> {
        if !self.changed {
            return Ok(());
        }
        let keys = self.keys.iter().map(|(id, held)| {
            let (of, key) = (held.of.clone(), held.wrapped.clone());
            (id.clone(), Wrapped { of, key })
        });
        let kept = Kept {
            keys: keys.collect(),
        };
        let path = keys_file(&self.directory, self.generation);
        files::write_atomic(&path, &serde_json::to_vec(&kept)?, Access::Private)?;
        self.changed = false;
        Ok(())
    }

    /// Destroys the key of `of`: all others are wrapped under a new wrapping key, and the old one is written over.
    /// With an error, either nothing was destroyed, or the next opening ends it.
    pub(super) fn destroy(&mut self, of: &str) -> Result<(), PayloadError> {
        let mut next = Self {
            directory: self.directory.clone(),
            host: self.host.clone(),
            generation: self.generation + 1,
            wrapping: DataKey::random()?,
            names: DataKey::unsealed(
                &self.names.sealed(&self.host, b"names")?,
                &self.host,
                b"names",
            )?,
            keys: BTreeMap::new(),
            current: BTreeMap::new(),
            changed: true,
        };
        for (id, held) in self.keys.iter().filter(|(_, held)| held.of != of) {
            next.take_over(id, held, &self.wrapping)?;
        }
        next.save()?;
        next.write_wrapping()?;
        let old = std::mem::replace(self, next);
        destroy(&wrapping_file(&old.directory, old.generation))?;
        Ok(files::remove(&keys_file(&old.directory, old.generation))?)
    }

    /// Wraps a key of the ring before anew.
    fn take_over(&mut self, id: &str, held: &Held, before: &DataKey) -> Result<(), PayloadError> {
        let context = wrapped_as(id, &held.of);
        let key = DataKey::unwrapped(&decode(&held.wrapped)?, before, &context)?;
        let wrapped = BASE64_STANDARD.encode(key.wrapped(&self.wrapping, &context)?);
        let of = held.of.clone();
        self.current.insert(of.clone(), id.to_owned());
        self.keys.insert(id.to_owned(), Held { of, key, wrapped });
        Ok(())
    }

    /// From here on this ring is the one in force.
    fn write_wrapping(&self) -> Result<(), PayloadError> {
        let sealed = |key: &DataKey, what: &str| -> Result<String, PayloadError> {
            let sealed = key.sealed(&self.host, &sealed_as(what, self.generation))?;
            Ok(BASE64_STANDARD.encode(sealed))
        };
        let kept = Wrapping {
            wrapping: sealed(&self.wrapping, "wrapping")?,
            names: sealed(&self.names, "names")?,
        };
        let path = wrapping_file(&self.directory, self.generation);
        let written = files::write_atomic(&path, &serde_json::to_vec(&kept)?, Access::Private);
        if written.is_err() {
            // Or the next opening would take it for the one in force.
            drop(files::remove(&path));
        }
        Ok(written?)
    }
}

/// Writes over the file in its place before it is removed.
fn destroy(path: &Path) -> Result<(), PayloadError> {
    let file = files::open_private(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or_default();
    file.write_all_at(&vec![0; length], 0)?;
    file.sync_all()?;
    drop(file);
    Ok(files::remove(path)?)
}

fn keys_file(directory: &Path, generation: u64) -> PathBuf {
    directory.join(format!("keys-{generation}.json"))
}

fn wrapping_file(directory: &Path, generation: u64) -> PathBuf {
    directory.join(format!("wrapping-{generation}.key"))
}

fn sealed_as(what: &str, generation: u64) -> Vec<u8> {
    format!("payloads {what} {generation}").into_bytes()
}

fn wrapped_as(id: &str, of: &str) -> Vec<u8> {
    format!("{id} {of}").into_bytes()
}

fn decode(text: &str) -> Result<Vec<u8>, PayloadError> {
    let decoded = BASE64_STANDARD.decode(text);
    decoded.map_err(|_| PayloadError::Damaged("a key is not base64"))
}
