//! What lies on disk: the log, after somebody else wrote to it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use vouchsafe_audit::storage::Storage;
use vouchsafe_audit::{Expect, Log, LogKeys, Options, verify_on};
use vouchsafe_keys::{Keystore, Purpose, Seal};

/// A log file of these bytes: checking and opening it end, and what could be opened is good.
pub fn log(bytes: &[u8]) {
    let storage: Arc<dyn Storage> = Arc::new(Memory(Mutex::new(bytes.to_vec())));
    let before = verify_on(&storage, &(), &Expect::default());
    // Small, so that a run is not spent on reading zeros.
    let options = Options {
        chunk: 4096,
        ..Options::default()
    };
    match Log::open_on(Arc::clone(&storage), Box::new(()), keys(), options) {
        Ok(log) => {
            let good = log.verify(&Expect::default());
            let good = good.expect("a log that was opened is good");
            assert!(good.open.is_empty(), "recovery leaves nothing open");
        }
        // An empty file is a log to begin and none to check; the other way round there is no excuse.
        Err(error) => assert!(before.is_err(), "checked as good, but not opened: {error}"),
    }
}

fn keys() -> LogKeys {
    thread_local! {
        static STORE: Keystore = keystore();
    }
    STORE.with(|store| LogKeys {
        commitments: store.sealer(Purpose::LogCommitments),
        pseudonyms: store.mac(Purpose::LogPseudonyms),
        checkpoints: store.signer(Purpose::LogCheckpoints).expect("a key"),
        mark: store.mac(Purpose::LogMark),
    })
}

fn keystore() -> Keystore {
    let directory = tempfile::tempdir().expect("a directory");
    let seal = Seal::KeyFile(directory.path().join("seal.key"));
    Keystore::create(&directory.path().join("keystore.json"), &seal).expect("a keystore")
}

/// A file in memory.
struct Memory(Mutex<Vec<u8>>);

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Far more than any test writes.
const MOST: usize = 64 << 20;

fn place(offset: u64) -> io::Result<usize> {
    let place = usize::try_from(offset).ok().filter(|place| *place < MOST);
    place.ok_or_else(|| io::ErrorKind::StorageFull.into())
}

impl Storage for Memory {
    fn size(&self) -> io::Result<u64> {
        Ok(self.with(|bytes| bytes.len() as u64))
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|bytes| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let rest = bytes.get(start..).unwrap_or_default();
            let count = rest.len().min(into.len());
            if let (Some(into), Some(rest)) = (into.get_mut(..count), rest.get(..count)) {
                into.copy_from_slice(rest);
            }
            Ok(count)
        })
    }

    fn write_at(&self, new: &[u8], offset: u64) -> io::Result<()> {
        let start = place(offset)?;
        self.with(|bytes| {
            let end = start + new.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            if let Some(into) = bytes.get_mut(start..end) {
                into.copy_from_slice(new);
            }
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn allocate(&self, offset: u64, length: u64) -> io::Result<()> {
        let end = place(offset.saturating_add(length))?;
        self.with(|bytes| bytes.resize(bytes.len().max(end), 0));
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let size = place(size)?;
        self.with(|bytes| bytes.resize(size, 0));
        Ok(())
    }
}
