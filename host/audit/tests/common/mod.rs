//! What the log's tests share: keys, entries, and a disk that fails on purpose.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "each test program uses a part of this; a test may fail by panicking"
)]

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use vouchsafe_ambient::files::FileError;
use vouchsafe_audit::storage::Storage;
use vouchsafe_audit::{
    Entry, Intent, Log, LogKeys, Options, Outcome, Resources, Shelf, Status, Subject, Unknown, Why,
};
use vouchsafe_keys::{Keystore, Purpose, Seal};

pub fn keys() -> LogKeys {
    static STORE: OnceLock<Keystore> = OnceLock::new();
    let store = STORE.get_or_init(|| keystore_in(tempfile::tempdir().unwrap().path()));
    keys_of(store)
}

/// The keystore that lies in `dir`, made there if there is none.
pub fn keystore_in(dir: &Path) -> Keystore {
    let seal = Seal::KeyFile(dir.join("seal"));
    let path = dir.join("keys");
    Keystore::open(&path, &seal).unwrap_or_else(|_| Keystore::create(&path, &seal).unwrap())
}

pub fn keys_of(store: &Keystore) -> LogKeys {
    LogKeys {
        commitments: store.sealer(Purpose::LogCommitments),
        pseudonyms: store.mac(Purpose::LogPseudonyms),
        checkpoints: store.signer(Purpose::LogCheckpoints).unwrap(),
        mark: store.mac(Purpose::LogMark),
    }
}

/// Small chunks, so that tests pass their ends.
pub const SMALL: Options = Options {
    chunk: 16 * 1024,
    pending: 8 << 20,
};

pub fn open(dir: &Path) -> Log {
    Log::open(dir, keys(), SMALL).unwrap()
}

pub fn intent(correlation: &str) -> Entry {
    Entry::Intent(Intent {
        subject: Subject {
            tenant: "acme".into(),
            principal: "anna@corp.example".into(),
            correlation: correlation.into(),
        },
        action: "call".into(),
        skill: "acme:payments".into(),
        digest: "sha256:9f2c41d0".into(),
        tool: "initiate".into(),
        effect: "irreversible".into(),
        grant: Some("sha256:aa".into()),
        policy: Some("sha256:bb".into()),
        ..Intent::default()
    })
}

pub fn outcome(of: u64) -> Entry {
    Entry::Outcome(Outcome {
        of,
        status: Status::Ok,
        detail: None,
        output: None,
        resources: Resources::default(),
    })
}

pub fn unknown(of: u64) -> Entry {
    Entry::Unknown(Unknown {
        of,
        why: Why::Dropped,
        sent: None,
    })
}

/// Some pairs of intents and outcomes, durable.
pub async fn fill(log: &Log, pairs: usize) {
    for number in 0..pairs {
        let intent = log.append(intent(&format!("c-{number}"))).unwrap();
        let last = log.append(outcome(intent.seq())).unwrap();
        log.durable(&last).await.unwrap();
    }
}

/// A shelf in memory.
#[derive(Clone, Default)]
pub struct InMemory(Arc<Mutex<HashMap<String, Vec<u8>>>>);

impl InMemory {
    pub fn copy(&self) -> Box<Self> {
        let files = self.0.lock().unwrap().clone();
        Box::new(Self(Arc::new(Mutex::new(files))))
    }
}

impl Shelf for InMemory {
    fn read(&self, path: &str, _most: u64) -> Result<Option<Vec<u8>>, FileError> {
        Ok(self.0.lock().unwrap().get(path).cloned())
    }

    fn write(&self, path: &str, bytes: &[u8], _lasting: bool) -> Result<(), FileError> {
        self.0
            .lock()
            .unwrap()
            .insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        self.0.lock().unwrap().remove(path);
        Ok(())
    }
}

/// A disk in memory: what was written, what of it survives a power cut, and what to fail.
#[derive(Default)]
pub struct Faulty(Mutex<State>);

#[derive(Default)]
struct State {
    cache: Vec<u8>,
    stable: Vec<u8>,
    capacity: Option<usize>,
    fail_sync: bool,
    fail_write: bool,
    syncs: u64,
}

const SECTOR: usize = 512;

impl Faulty {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn holding(bytes: Vec<u8>) -> Arc<Self> {
        let disk = Self::new();
        {
            let mut state = disk.0.lock().unwrap();
            state.stable.clone_from(&bytes);
            state.cache = bytes;
        }
        disk
    }

    pub fn limit(&self, capacity: usize) {
        self.0.lock().unwrap().capacity = Some(capacity);
    }

    pub fn fail_sync(&self, fail: bool) {
        self.0.lock().unwrap().fail_sync = fail;
    }

    pub fn fail_write(&self, fail: bool) {
        self.0.lock().unwrap().fail_write = fail;
    }

    pub fn syncs(&self) -> u64 {
        self.0.lock().unwrap().syncs
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().cache.clone()
    }

    /// The file after a power cut: each sector that was not synced is as it was or as it was to be, by `choose`.
    pub fn after_power_cut(&self, mut choose: impl FnMut() -> bool) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        let mut image = state.stable.clone();
        image.resize(state.cache.len().max(state.stable.len()), 0);
        for start in (0..state.cache.len()).step_by(SECTOR) {
            let end = (start + SECTOR).min(state.cache.len());
            if image[start..end] != state.cache[start..end] && choose() {
                image[start..end].copy_from_slice(&state.cache[start..end]);
            }
        }
        image
    }
}

impl Storage for Faulty {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().cache.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.0.lock().unwrap();
        let rest = state.cache.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if state.fail_write {
            return Err(io::Error::other("the write failed"));
        }
        let end = offset as usize + bytes.len();
        if state.cache.len() < end {
            state.cache.resize(end, 0);
        }
        state.cache[offset as usize..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if state.fail_sync {
            return Err(io::Error::other("the sync failed"));
        }
        state.syncs += 1;
        state.stable = state.cache.clone();
        Ok(())
    }

    fn allocate(&self, offset: u64, length: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let end = (offset + length) as usize;
        if state.capacity.is_some_and(|capacity| end > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if state.cache.len() < end {
            state.cache.resize(end, 0);
        }
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.cache.resize(size as usize, 0);
        Ok(())
    }
}
