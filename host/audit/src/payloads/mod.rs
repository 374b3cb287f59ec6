//! What records commit to: inputs and outputs, sealed under a key of whom they are about.
//!
//! A record is for ever, and what it commits to must not be. So each payload is sealed under the data key of its
//! subject, and destroying that key erases it wherever copies of it lie, while the log and all its proofs stay as
//! they are. What names no subject is sealed under the key of its month.
//!
//! A thread of its own seals and writes, at least once a second. Nothing waits for it: a payload that a crash took is
//! missing, and its record says no less than before.

mod ring;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use vouchsafe_ambient::files::FileError;
use vouchsafe_keys::{SealError, SealingKey};

use crate::Seq;
use store::Store;

/// How long a payload waits at most before it is written.
const SYNC: Duration = Duration::from_secs(1);
/// How many bytes wait at most to be sealed. What comes beyond is not kept.
const PENDING: usize = 64 << 20;

/// Why payloads were not kept, found or erased.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its content.
    #[error("the kept payloads: {0}")]
    Io(#[from] std::io::Error),
    /// A key or a payload does not open, or there is no randomness.
    #[error("the kept payloads: {0}")]
    Seal(#[from] SealError),
    /// Not what was written.
    #[error("the kept payloads: {0}")]
    Form(#[from] serde_json::Error),
    /// Not what was written.
    #[error("the kept payloads: {0}")]
    Damaged(&'static str),
    /// Something was erased in between.
    #[error("something was erased meanwhile: look again")]
    OtherGeneration,
    /// There is nothing to destroy.
    #[error("nothing is kept under this subject")]
    Unknown,
    /// More waits than is held.
    #[error("more payloads came than could be written: one is not kept")]
    Full,
    /// The thread that has them ended.
    #[error("payloads are not kept any more")]
    Ended,
}

/// What of a record a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What the intent's `input` commits to.
    Input,
    /// What the outcome's `output` commits to.
    Output,
}

impl Part {
    /// As in the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// What a record commits to.
#[derive(Debug)]
pub struct Payload {
    /// The record's number.
    pub seq: Seq,
    /// Which of its commitments.
    pub part: Part,
    /// Whom it is about, as tools are told. Nobody: it falls to the class of its month.
    pub subjects: Vec<String>,
    /// The canonical bytes that were committed to.
    pub bytes: Vec<u8>,
}

/// Which payloads.
#[derive(Debug)]
pub enum Wanted {
    /// Those of a record.
    Record(Seq),
    /// Those of a subject.
    Subject(String),
}

/// A payload that is kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The record's number.
    pub seq: Seq,
    /// Which of its commitments.
    pub part: Part,
    /// What it is.
    pub content: Content,
}

/// What is left of a payload.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Open(Vec<u8>),
    /// A key that it was sealed under was destroyed.
    Erased,
}

/// What an erasure did.
#[derive(Debug)]
pub struct Erased {
    /// The name under which the subject had its key.
    pub pseudonym: String,
    /// How many payloads went dark.
    pub payloads: u64,
    /// How many payloads name no subject, by month: those are as they were.
    pub classes: BTreeMap<String, u64>,
    /// How many keys were wrapped anew.
    pub survivors: usize,
    /// Of the wrapping key that they are under now.
    pub generation: u64,
}

/// Does something with the store, on its thread.
type Task = Box<dyn FnOnce(&mut Store) + Send>;

enum Ask {
    Keep(Payload),
    Do(Task),
}

/// The payloads of one home.
pub struct Payloads {
    /// Absent only while it is dropped.
    asks: Option<Sender<Ask>>,
    pending: Arc<AtomicUsize>,
    report: fn(&PayloadError),
    thread: Option<JoinHandle<()>>,
}

impl Payloads {
    /// Those in `directory`, whose wrapping key is sealed by `host`. What can't be kept is told to `report`.
    ///
    /// # Errors
    /// When a file can't be read or made, or is another host's.
    pub fn open(
        directory: &Path,
        host: SealingKey,
        report: fn(&PayloadError),
    ) -> Result<Self, PayloadError> {
        let store = Store::open(directory, host)?;
        let (asks, asked) = channel();
        let pending = Arc::new(AtomicUsize::new(0));
        let thread = std::thread::Builder::new()
            .name("audit-payloads".to_owned())
            .spawn({
                let pending = Arc::clone(&pending);
                move || run(store, &asked, &pending, report)
            })?;
        Ok(Self {
            asks: Some(asks),
            pending,
            report,
            thread: Some(thread),
        })
    }

    /// Has `payload` kept. Waits for nothing.
    pub fn keep(&self, payload: Payload) {
        let size = payload.bytes.len();
        if self.pending.fetch_add(size, Ordering::Relaxed) + size > PENDING {
            self.pending.fetch_sub(size, Ordering::Relaxed);
            return (self.report)(&PayloadError::Full);
        }
        if self.send(Ask::Keep(payload)).is_err() {
            (self.report)(&PayloadError::Ended);
        }
    }

    /// Waits until all that was kept so far is on stable storage.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn sync(&self) -> Result<(), PayloadError> {
        self.with(Store::sync)
    }

    /// What is kept of `wanted` after the first `skip`, in the order in which it came; no more once it is more than
    /// `most` bytes.
    ///
    /// # Errors
    /// When it can't be read, or was changed.
    pub fn find(
        &self,
        wanted: Wanted,
        skip: usize,
        most: usize,
    ) -> Result<Vec<Found>, PayloadError> {
        self.with(move |store| store.find(&wanted, skip, most))
    }

    /// Destroys the key of `subject`, if [`Payloads::generation`] still is `after`.
    ///
    /// # Errors
    /// [`PayloadError::Unknown`] when it has none. With any other nothing was destroyed, or the next opening ends it.
    pub fn erase(&self, subject: String, after: u64) -> Result<Erased, PayloadError> {
        self.with(move |store| store.erase(&subject, after))
    }

    /// Rises with each erasure.
    ///
    /// # Errors
    /// [`PayloadError::Ended`].
    pub fn generation(&self) -> Result<u64, PayloadError> {
        self.with(|store| Ok(store.generation()))
    }

    fn with<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Store) -> Result<T, PayloadError> + Send + 'static,
    ) -> Result<T, PayloadError> {
        let (answer, answered) = sync_channel(1);
        let task = move |store: &mut Store| drop(answer.send(task(store)));
        self.send(Ask::Do(Box::new(task)))?;
        answered.recv().map_err(|_| PayloadError::Ended)?
    }

    fn send(&self, ask: Ask) -> Result<(), PayloadError> {
        let asks = self.asks.as_ref().ok_or(PayloadError::Ended)?;
        asks.send(ask).map_err(|_| PayloadError::Ended)
    }
}

/// Closing waits for what was kept to be written.
impl Drop for Payloads {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn run(mut store: Store, asked: &Receiver<Ask>, pending: &AtomicUsize, report: fn(&PayloadError)) {
    let mut synced = Instant::now();
    loop {
        let left = SYNC.saturating_sub(synced.elapsed());
        match asked.recv_timeout(left) {
            Ok(Ask::Keep(payload)) => {
                pending.fetch_sub(payload.bytes.len(), Ordering::Relaxed);
                store.keep(&payload).unwrap_or_else(|error| report(&error));
            }
            Ok(Ask::Do(task)) => task(&mut store),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if synced.elapsed() >= SYNC {
            store.sync().unwrap_or_else(|error| report(&error));
            synced = Instant::now();
        }
    }
    store.sync().unwrap_or_else(|error| report(&error));
}
