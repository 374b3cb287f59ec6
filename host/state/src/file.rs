//! The files of stores: one for each skill and tenant.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_audit::{Resources, Status};
use vouchsafe_clearance::{Cleared, Ending, Part};
use vouchsafe_keys::{SealError, SealingKey};
use vouchsafe_package::SkillName;

use crate::error::StateError;
use crate::{ENTRY_BYTES, MAX_KEY};

/// The largest file: 8 MiB of values in base64, and of keys with escapes.
const MAX_FILE: u64 = 64 << 20;

/// The stores of a skill, by name.
pub(crate) type Stores = BTreeMap<String, Store>;

/// The values of one store.
pub(crate) type Store = BTreeMap<String, Arc<[u8]>>;

/// Whose stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The tenant.
    pub tenant: Arc<str>,
    /// The publisher, without whom a name is nobody's.
    pub publisher: Arc<str>,
    /// The skill, in whatever version.
    pub skill: SkillName,
}

impl Whose {
    /// What the file is sealed with, so that it opens as nobody else's.
    fn context(&self) -> Vec<u8> {
        let Self {
            tenant,
            publisher,
            skill,
        } = self;
        format!("state {}:{tenant} {publisher} {skill}", tenant.len()).into_bytes()
    }
}

/// What a call writes when it has succeeded.
#[derive(Debug, Clone)]
pub struct Changes {
    pub(crate) whose: Whose,
    /// What it read, and found: to be found again.
    pub(crate) read: BTreeMap<(String, String), Option<Arc<[u8]>>>,
    /// All stores, where it read more than is noted one by one.
    pub(crate) everything: Option<Stores>,
    /// Stores whose keys it listed, and these.
    pub(crate) listed: BTreeMap<String, Vec<String>>,
    /// Values, and none for what it deletes.
    pub(crate) wrote: BTreeMap<(String, String), Option<Arc<[u8]>>>,
    /// The most that each store may hold.
    pub(crate) bounds: BTreeMap<String, u64>,
}

impl Changes {
    /// What is committed to.
    pub(crate) fn to_json(&self) -> Json {
        let writes = self.wrote.iter().map(|((store, key), value)| {
            let value = value.as_ref().map(|value| BASE64.encode(value));
            json!([store, key, value])
        });
        writes.collect()
    }

    /// Applies them to what is there now.
    fn apply(&self, stores: &mut Stores) -> Result<(), StateError> {
        let found = |store: &str, key: &str| stores.get(store).and_then(|store| store.get(key));
        let mut read = self.read.iter();
        let same = read.all(|((store, key), seen)| found(store, key) == seen.as_ref());
        let mut listed = self.listed.iter();
        let same = same && listed.all(|(store, keys)| keys_of(stores, store).eq(keys));
        let whole = self.everything.as_ref();
        if !same || whole.is_some_and(|seen| seen != stores) {
            return Err(StateError::Changed);
        }
        for ((store, key), value) in &self.wrote {
            let entries = stores.entry(store.clone()).or_default();
            match value {
                Some(value) => drop(entries.insert(key.clone(), Arc::clone(value))),
                None => drop(entries.remove(key)),
            }
        }
        for (name, most) in &self.bounds {
            if stores.get(name).map_or(0, size) > *most {
                return Err(StateError::Full(name.clone()));
            }
        }
        Ok(())
    }
}

fn keys_of<'a>(stores: &'a Stores, store: &str) -> impl Iterator<Item = &'a String> {
    stores.get(store).into_iter().flat_map(Store::keys)
}

/// What a store holds, as it counts against its grant.
pub(crate) fn size(store: &Store) -> u64 {
    store
        .iter()
        .map(|(key, value)| entry_size(key, value))
        .sum()
}

/// What one entry counts for.
pub(crate) fn entry_size(key: &str, value: &[u8]) -> u64 {
    let bytes = key.len().saturating_add(value.len());
    u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_add(ENTRY_BYTES)
}

/// Whether `key` may name a value.
pub(crate) fn is_key(key: &str) -> bool {
    !key.is_empty() && key.len() <= MAX_KEY
}

/// All that skills keep.
pub struct States {
    directory: PathBuf,
    key: SealingKey,
    /// Writes are one after another.
    writing: Mutex<()>,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    stores: BTreeMap<String, BTreeMap<String, Entry>>,
}

/// One value: an object, to which later forms add what else is known of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    value: String,
}

impl States {
    /// What is kept in `directory`, sealed with `key`.
    #[must_use]
    pub fn at(directory: PathBuf, key: SealingKey) -> Self {
        Self {
            directory,
            key,
            writing: Mutex::new(()),
        }
    }

    /// Writes what a call wrote, if what it read is as it was. The end is recorded either way.
    ///
    /// # Errors
    /// When nothing was written: see [`StateError`].
    pub fn commit(&self, cleared: Cleared<Part<Changes>>) -> Result<(), StateError> {
        let written = self.write(cleared.action().effect());
        let (status, detail) = match &written {
            Ok(()) => (Status::Ok, None),
            Err(error) => (Status::Failed, Some(error.to_string())),
        };
        cleared.finish(Ending {
            status,
            detail,
            output: None,
            resources: Resources::default(),
        })?;
        written
    }

    fn write(&self, changes: &Changes) -> Result<(), StateError> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stores = self.load(&changes.whose)?;
        changes.apply(&mut stores)?;
        self.save(&changes.whose, &stores)
    }

    pub(crate) fn load(&self, whose: &Whose) -> Result<Stores, StateError> {
        let Some(sealed) = files::read_if_present(&self.file(whose), MAX_FILE)? else {
            return Ok(Stores::new());
        };
        let body: Body = serde_json::from_slice(&self.key.open(&sealed, &whose.context())?)?;
        let values = body.stores.into_iter().map(|(name, entries)| {
            let entries = entries.into_iter().map(|(key, entry)| {
                let value = BASE64.decode(entry.value).map_err(|_| SealError::NotOurs)?;
                Ok((key, Arc::from(value)))
            });
            Ok((name, entries.collect::<Result<Store, SealError>>()?))
        });
        Ok(values.collect::<Result<Stores, SealError>>()?)
    }

    fn save(&self, whose: &Whose, stores: &Stores) -> Result<(), StateError> {
        let entries = |store: &Store| {
            let entries = store.iter().map(|(key, value)| {
                let value = BASE64.encode(value);
                (key.clone(), Entry { value })
            });
            entries.collect()
        };
        let stores = stores
            .iter()
            .map(|(name, store)| (name.clone(), entries(store)));
        let body = Body {
            stores: stores.collect(),
        };
        let sealed = self
            .key
            .seal(&serde_json::to_vec(&body)?, &whose.context())?;
        files::create_private_directory(&self.directory)?;
        Ok(files::write_atomic(
            &self.file(whose),
            &sealed,
            Access::Private,
        )?)
    }

    fn file(&self, whose: &Whose) -> PathBuf {
        let tenant = hex::encode(whose.tenant.as_bytes());
        let (namespace, name) = (whose.skill.namespace(), whose.skill.name());
        let file = format!("{tenant}.{}.{namespace}.{name}", whose.publisher);
        self.directory.join(file)
    }
}
