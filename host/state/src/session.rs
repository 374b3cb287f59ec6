//! One call's view of its skill's stores, and what it writes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vouchsafe_clearance::{About, Code, EffectGate, EffectKind, Refusal};
use vouchsafe_package::value::canonical;
use vouchsafe_policy::effective::StoreBounds;

use crate::PAGE;
use crate::error::{NotKept, StateError};
use crate::file::{Changes, States, Store, Stores, Whose, entry_size, is_key, size};

/// Reads of single values that are noted one by one.
const MAX_READS: usize = 4096;

/// What one call may read and write.
#[derive(Clone)]
pub struct Session {
    states: Arc<States>,
    gate: EffectGate,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// The stores, once the call has looked.
struct Seen {
    before: Stores,
    /// With its own writes.
    now: Stores,
    sizes: BTreeMap<String, u64>,
    changes: Changes,
}

impl Session {
    /// The stores of the skill whose call `gate` is for.
    #[must_use]
    pub fn new(states: Arc<States>, gate: EffectGate) -> Self {
        Self {
            states,
            gate,
            seen: Arc::default(),
        }
    }

    /// Whether the store `name` is there for this call; looks at the stores the first time.
    ///
    /// # Errors
    /// When it is not granted, or can't be read.
    pub async fn open(&self, name: &str) -> Result<(), NotKept> {
        let read = EffectKind::StateRead;
        let bounds = self.bounds(name).ok_or(NotKept::NoSuchStore)?;
        self.gate.check(&read, name).map_err(|_| NotKept::Denied)?;
        if self.seen().is_some() {
            return Ok(());
        }
        let whose = self.whose(bounds);
        let (states, of) = (Arc::clone(&self.states), whose.clone());
        let reading = tokio::task::spawn_blocking(move || states.load(&of));
        let loaded = reading.await.map_err(StateError::from);
        let stores = loaded.and_then(|loaded| loaded).map_err(|error| {
            let refusal = Refusal::new(Code::NotAllowed, error.to_string(), "");
            self.gate.refuse_for(&read, name, refusal);
            NotKept::Other("the host can't read it")
        })?;
        let mut seen = self.seen();
        if seen.is_none() {
            *seen = Some(Seen::of(whose, stores));
        }
        Ok(())
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// When the store is not open.
    pub fn get(&self, store: &str, key: &str) -> Result<Option<Arc<[u8]>>, NotKept> {
        self.with(|seen| seen.get(store, key))
    }

    /// Gives `key` a value.
    ///
    /// # Errors
    /// When the tool may not write, or it does not fit.
    pub fn set(&self, store: &str, key: &str, value: Vec<u8>) -> Result<(), NotKept> {
        let most = self.may_write(store, key)?;
        self.with(|seen| seen.set(store, key, value, most))?
    }

    /// Takes `key` away.
    ///
    /// # Errors
    /// When the tool may not write.
    pub fn delete(&self, store: &str, key: &str) -> Result<(), NotKept> {
        let most = self.may_write(store, key)?;
        self.with(|seen| seen.delete(store, key, most))
    }

    /// Some keys from the `from`th on, in order, and where to go on.
    ///
    /// # Errors
    /// When the store is not open.
    pub fn keys(&self, store: &str, from: u64) -> Result<(Vec<String>, Option<u64>), NotKept> {
        self.with(|seen| seen.keys(store, from))
    }

    /// Makes the writes durable, if there are any: when the call has succeeded, and once.
    ///
    /// # Errors
    /// When nothing was written: see [`StateError`].
    pub async fn commit(self) -> Result<(), StateError> {
        let Some(seen) = self.seen().take() else {
            return Ok(());
        };
        let changes = seen.changes;
        if changes.wrote.is_empty() {
            return Ok(());
        }
        let stores: Vec<_> = changes.bounds.keys().map(String::as_str).collect();
        let rules = stores.iter().filter_map(|name| self.bounds(name));
        let rules: Vec<_> = rules.map(|bounds| bounds.place.to_string()).collect();
        let about = About {
            kind: &EffectKind::StateWrite,
            place: &stores.join(", "),
            rule: Some(rules.join(", ")),
            input: Some(self.gate.commit(&canonical(&changes.to_json()))?),
        };
        let cleared = self.gate.clear(changes.clone(), about)?;
        cleared.durable().await?;
        let states = Arc::clone(&self.states);
        tokio::task::spawn_blocking(move || states.commit(cleared)).await?
    }

    /// The most that the store may hold, where this call may write to it.
    fn may_write(&self, store: &str, key: &str) -> Result<u64, NotKept> {
        let bounds = self.bounds(store).ok_or(NotKept::NoSuchStore)?;
        let checked = self.gate.check(&EffectKind::StateWrite, store);
        checked.map_err(|_| NotKept::Denied)?;
        match is_key(key) {
            true => Ok(bounds.bytes),
            false => Err(NotKept::Other("a key has 1 to 512 bytes")),
        }
    }

    fn bounds(&self, store: &str) -> Option<&StoreBounds> {
        self.gate.permit().state().get(store)
    }

    fn whose(&self, bounds: &StoreBounds) -> Whose {
        Whose {
            tenant: Arc::clone(&self.gate.permit().principal().tenant),
            publisher: Arc::clone(&bounds.publisher),
            skill: self.gate.skill().clone(),
        }
    }

    fn with<T>(&self, what: impl FnOnce(&mut Seen) -> T) -> Result<T, NotKept> {
        let mut seen = self.seen();
        seen.as_mut()
            .map(what)
            .ok_or(NotKept::Other("it is not open"))
    }

    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn of(whose: Whose, now: Stores) -> Self {
        Self {
            sizes: now
                .iter()
                .map(|(name, store)| (name.clone(), size(store)))
                .collect(),
            before: now.clone(),
            now,
            changes: Changes {
                whose,
                read: BTreeMap::new(),
                everything: None,
                listed: BTreeMap::new(),
                wrote: BTreeMap::new(),
                bounds: BTreeMap::new(),
            },
        }
    }

    fn get(&mut self, store: &str, key: &str) -> Option<Arc<[u8]>> {
        let found = self.now.get(store).and_then(|store| store.get(key));
        let found = found.map(Arc::clone);
        if is_key(key) {
            self.note_read(store, key);
        }
        found
    }

    /// Notes what was found under `key` before this call wrote there. Who looks at more than is noted has looked at
    /// everything, so that looking takes no memory without end.
    fn note_read(&mut self, store: &str, key: &str) {
        let place = (store.to_owned(), key.to_owned());
        let changes = &mut self.changes;
        if changes.everything.is_some() || changes.wrote.contains_key(&place) {
            return;
        }
        let found = self.before.get(store).and_then(|store| store.get(key));
        changes.read.insert(place, found.map(Arc::clone));
        if changes.read.len() > MAX_READS {
            changes.read.clear();
            changes.everything = Some(self.before.clone());
        }
    }

    fn set(&mut self, store: &str, key: &str, value: Vec<u8>, most: u64) -> Result<(), NotKept> {
        let entries = self.now.entry(store.to_owned()).or_default();
        let before = entries.get(key).map_or(0, |value| entry_size(key, value));
        let size = self.sizes.entry(store.to_owned()).or_default();
        let after = size
            .saturating_sub(before)
            .saturating_add(entry_size(key, &value));
        if after > most {
            return Err(NotKept::Other("the store is full"));
        }
        *size = after;
        let value: Arc<[u8]> = Arc::from(value);
        entries.insert(key.to_owned(), Arc::clone(&value));
        self.note(store, key, Some(value), most);
        Ok(())
    }

    fn delete(&mut self, store: &str, key: &str, most: u64) {
        let removed = self.now.get_mut(store).and_then(|store| store.remove(key));
        if let (Some(value), Some(size)) = (removed, self.sizes.get_mut(store)) {
            *size = size.saturating_sub(entry_size(key, &value));
        }
        let before = self.before.get(store);
        if before.is_some_and(|before| before.contains_key(key)) {
            self.note(store, key, None, most);
        } else {
            // Nothing is to be deleted, as far as this call knows.
            let place = (store.to_owned(), key.to_owned());
            self.changes.wrote.remove(&place);
            self.note_read(store, key);
        }
    }

    fn note(&mut self, store: &str, key: &str, value: Option<Arc<[u8]>>, most: u64) {
        let place = (store.to_owned(), key.to_owned());
        self.changes.wrote.insert(place, value);
        self.changes.bounds.insert(store.to_owned(), most);
    }

    fn keys(&mut self, store: &str, from: u64) -> (Vec<String>, Option<u64>) {
        if !self.changes.listed.contains_key(store) {
            let before = self.before.get(store).into_iter().flat_map(Store::keys);
            let listed = before.cloned().collect();
            self.changes.listed.insert(store.to_owned(), listed);
        }
        let keys = || self.now.get(store).into_iter().flat_map(Store::keys);
        let skip = usize::try_from(from).unwrap_or(usize::MAX);
        let page: Vec<_> = keys().skip(skip).take(PAGE).cloned().collect();
        let next = skip.saturating_add(page.len());
        let more = keys().nth(next).is_some();
        (page, more.then(|| u64::try_from(next).unwrap_or(u64::MAX)))
    }
}
