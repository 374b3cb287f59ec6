//! The log as the rest of the host sees it.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Lock};
use vouchsafe_keys::{MacKey, SealingKey, SigningKey};
use vouchsafe_tlog::hash::Hash;
use vouchsafe_tlog::note::{Note, VerifierKey};
use vouchsafe_tlog::receipt::Receipt;

use crate::chain::hex;
use crate::frame::HEADER;
use crate::mark::MARK;
use crate::salts::Salts;
use crate::scan::{self, FILE, Records};
use crate::shelf::{Directory, Shelf};
use crate::storage::{Disk, Storage};
use crate::survey::STRIDE;
use crate::tail::Writer;
use crate::tree::{CHECKPOINT, Failing};
use crate::verify::{Check, Compared, Expect, Whose};
use crate::writer::{self, Shared};
use crate::{
    Commitment, Entry, Head, LogError, Record, Seq, Verification, VerifyError, error, recover,
};

/// The keys of the log. The chain needs none: anybody can check it.
pub struct LogKeys {
    /// Seals the salts of commitments.
    pub commitments: SealingKey,
    /// Makes pseudonyms of people.
    pub pseudonyms: MacKey,
    /// Signs checkpoints.
    pub checkpoints: SigningKey,
    /// Authenticates how far the log has come.
    pub mark: MacKey,
}

/// Files beside the log that whoever takes over with new keys wants by those: see [`Log::hand_over`].
pub const HANDED_OVER: [&str; 2] = [CHECKPOINT, MARK];

/// The longest note that is read, in bytes.
const MOST_OF_A_NOTE: u64 = 64 << 10;

/// How the log uses its storage.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How much space is asked for at once, in bytes.
    pub chunk: u64,
    /// How many bytes may wait for the disk before new work is refused.
    pub pending: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chunk: 1 << 20,
            pending: 8 << 20,
        }
    }
}

/// The proof that a record has its place in the log. Made by [`Log::append`] alone; not `Clone`, because it is
/// consumed where an effect is allowed once.
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    head: Head,
}

impl Recorded {
    pub(crate) fn new(head: Head) -> Self {
        Self { head }
    }

    /// The record's number.
    pub fn seq(&self) -> Seq {
        self.head.seq
    }

    /// The SHA-256 of the record's bytes.
    pub fn hash(&self) -> [u8; 32] {
        self.head.hash
    }

    /// Both, as `audit verify --expect` takes them.
    pub fn head(&self) -> Head {
        self.head
    }
}

/// The one writer of a log.
pub struct Log {
    shared: Arc<Shared>,
    keys: LogKeys,
    salts: Salts,
    /// Who was named last, and the pseudonym: mostly it is the same again.
    named: Mutex<(String, String)>,
    writer: Option<JoinHandle<()>>,
    publisher: Option<JoinHandle<()>>,
    _lock: Option<Lock>,
}

impl Log {
    /// Opens the log in `dir`, beginning one if there is none, and brings it into order: see [`crate`].
    ///
    /// # Errors
    /// When another process has it open, a record is damaged, or the storage refuses.
    pub fn open(dir: &Path, keys: LogKeys, options: Options) -> Result<Self, LogError> {
        files::create_private_directory(dir)?;
        let lock = Lock::take(&dir.join("lock"))?;
        let disk = Disk::open(&dir.join(FILE))?;
        let shelf = Box::new(Directory(dir.to_owned()));
        // A log has a checkpoint from its beginning. One that was taken away would have hidden any change.
        let signed = shelf.read(CHECKPOINT, MOST_OF_A_NOTE)?.is_some();
        if !signed && scan::records(dir)?.next().is_some() {
            return Err(LogError::Unsigned);
        }
        let mut log = Self::open_on(Arc::new(disk), shelf, keys, options)?;
        log._lock = Some(lock);
        log.publish()?;
        Ok(log)
    }

    /// As [`Log::open`], on a storage and a shelf that nobody else writes to.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_on(
        storage: Arc<dyn Storage>,
        shelf: Box<dyn Shelf>,
        keys: LogKeys,
        options: Options,
    ) -> Result<Self, LogError> {
        let shared = Arc::new(recover::open(
            storage,
            shelf,
            (keys.checkpoints.clone(), keys.mark.clone()),
            options,
        )?);
        let writer = std::thread::Builder::new()
            .name("audit-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || writer::run(&shared)
            })
            .map_err(error::storage("start the writer of"))?;
        let publisher = std::thread::Builder::new()
            .name("audit-publisher".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.tree.publish_until_closed()
            })
            .map_err(error::storage("start the publisher of"))?;
        Ok(Self {
            shared,
            keys,
            salts: Salts::new(),
            named: Mutex::default(),
            writer: Some(writer),
            publisher: Some(publisher),
            _lock: None,
        })
    }

    /// Records `entry`: when this returns it has its place, and the writer has it. Cheap, and does not wait for the
    /// disk; see [`Log::durable`]. Space for an intent's conclusion is set aside with the intent.
    ///
    /// # Errors
    /// Nothing was recorded. Whatever the entry was to allow must not happen.
    pub fn append(&self, entry: Entry) -> Result<Recorded, LogError> {
        let record = Record::draft(entry, |subject| {
            self.pseudonym(&subject.tenant, &subject.principal)
        })?;
        let mut tail = self.shared.tail();
        let recorded = tail.append(record, clock::now(), self.shared.storage.as_ref())?;
        let resting = tail.writer == Writer::Resting;
        drop(tail);
        if resting {
            self.shared.wake();
        }
        Ok(recorded)
    }

    /// Waits until the record, and so all before it, is on stable storage.
    ///
    /// # Errors
    /// [`LogError::Poisoned`]: it may be there or not, and no effect may rely on it.
    pub async fn durable(&self, record: &Recorded) -> Result<(), LogError> {
        let Some(waiting) = self.shared.tail().wait_for(record.seq())? else {
            return Ok(());
        };
        // Who else is ready on this thread goes first, so that one wake serves all of them. A writer that
        // is busy sees by itself that somebody waits.
        tokio::task::yield_now().await;
        let tell_writer = self.shared.tail().must_tell_writer();
        if tell_writer {
            self.shared.wake();
        }
        waiting.await.map_err(|_| self.poisoned())
    }

    fn poisoned(&self) -> LogError {
        let why = self.shared.tail().poisoned.clone();
        LogError::Poisoned(why.unwrap_or_else(|| "the writer ended".into()))
    }

    /// Commits to `payload`, best its canonical form, without disclosing it.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn commit_payload(&self, payload: &[u8]) -> Result<Commitment, LogError> {
        Commitment::make(payload, &self.salts, &self.keys.commitments)
    }

    /// Whether `commitment` was made over `payload`.
    pub fn opens(&self, commitment: &Commitment, payload: &[u8]) -> bool {
        commitment.opens_with(payload, &self.keys.commitments)
    }

    /// The name by which records know `principal`: the same for the life of the key, and telling nothing without it.
    pub fn pseudonym(&self, tenant: &str, principal: &str) -> String {
        let name = format!("{}:{tenant}{principal}", tenant.len());
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.0 != name {
            let tag = self.keys.pseudonyms.tag(name.as_bytes());
            let pseudonym = format!("p-{}", hex(tag.get(..16).unwrap_or(&tag)));
            *named = (name, pseudonym);
        }
        named.1.clone()
    }

    /// The last durable record: what to keep elsewhere, for `audit verify --expect`.
    pub fn head(&self) -> Head {
        self.shared.tail().durable
    }

    /// Whether it still takes records: a failure to write is for good.
    pub fn is_writable(&self) -> bool {
        self.shared.tail().poisoned.is_none()
    }

    /// Intents that have no conclusion yet.
    pub fn open_intents(&self) -> Vec<Seq> {
        self.shared.tail().open_intents()
    }

    /// The durable records from number `from` on.
    pub fn records(&self, from: Seq) -> impl Iterator<Item = Result<Record, LogError>> + use<> {
        let (place, end) = self.place(from);
        Records::new(Arc::clone(&self.shared.storage), place, Some(end))
            .skip_while(move |record| record.as_ref().is_ok_and(|record| record.seq < from))
    }

    /// As [`Log::records`], those of [`crate::Kind::Control`] alone, and much faster than all of them.
    pub fn controls(&self, from: Seq) -> impl Iterator<Item = Result<Record, LogError>> + use<> {
        let (place, end) = self.place(from);
        Records::new(Arc::clone(&self.shared.storage), place, Some(end))
            .controls()
            .skip_while(move |record| record.as_ref().is_ok_and(|record| record.seq < from))
    }

    /// The last `count` durable records, oldest first.
    pub fn tail(&self, count: u64) -> impl Iterator<Item = Result<Record, LogError>> + use<> {
        self.records((self.head().seq + 1).saturating_sub(count))
    }

    /// Where to begin reading for record `from`, and where durable records end.
    fn place(&self, from: Seq) -> (u64, u64) {
        let tail = self.shared.tail();
        let stride = usize::try_from(from.saturating_sub(1) / STRIDE).unwrap_or(usize::MAX);
        let nearest = tail.index.get(..=stride).unwrap_or(&tail.index).last();
        (nearest.copied().unwrap_or(HEADER as u64), tail.durable_end)
    }

    /// The key that checks what this log signs. Those who check it are told it once, not by the log.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.shared.tree.keys().newest
    }

    /// Checkpoint and mark over all durable records by the keys of `next`, which take over from this log's: they are to lie
    /// in the places of the published ones, [`HANDED_OVER`], when the log is opened with those keys.
    ///
    /// # Errors
    /// None that is known of.
    pub fn hand_over(&self, next: &LogKeys) -> Result<[(&'static str, String); 2], LogError> {
        let (note, mark) = self
            .shared
            .tree
            .signed_by((&next.checkpoints, &next.mark))?;
        Ok([(CHECKPOINT, note.to_string()), (MARK, mark)])
    }

    /// The key that will check what this log signs with `keys`.
    ///
    /// # Errors
    /// None that is known of.
    pub fn verifier_key_of(&self, keys: &LogKeys) -> Result<VerifierKey, LogError> {
        self.shared.tree.key_of(&keys.checkpoints)
    }

    /// Publishes all durable records: a signed checkpoint over them, and their tiles, are on disk when this returns.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn publish(&self) -> Result<Note, LogError> {
        self.shared.tree.publish().map(|(_, note)| note)
    }

    /// Since when, and why, nothing can be published; none where the last try did well.
    pub fn failing(&self) -> Option<Failing> {
        self.shared.tree.failing()
    }

    /// A published checkpoint, and the proof that it continues the log of the first `old` records, for a witness.
    ///
    /// # Errors
    /// When there are not so many, or a tile can't be read.
    pub fn extension(&self, old: Seq) -> Result<(Note, Vec<Hash>), LogError> {
        self.shared.tree.extension(old)
    }

    /// Keeps the signatures of `note`, a checkpoint of this log that a witness has signed too, with those that are there.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep_cosigned(&self, note: &Note) -> Result<(), LogError> {
        self.shared.tree.keep_cosigned(note)
    }

    /// The record numbered `seq`, which is durable, with the proof that it is in the log.
    ///
    /// # Errors
    /// When there is no such record, or it or a tile can't be read.
    pub fn receipt(&self, seq: Seq) -> Result<Receipt, LogError> {
        if seq == 0 || seq > self.head().seq {
            return Err(LogError::NoProof(seq));
        }
        let (place, end) = self.place(seq);
        let record = scan::bytes(&self.shared.storage, place, end, seq)?;
        let proof = self.shared.tree.prove(seq, &record)?;
        Ok(Receipt {
            record: String::from_utf8_lossy(&record).into_owned(),
            proof: proof.to_string(),
        })
    }

    /// Where durable records end, once `size` of them are told to be: they are leaves a moment before.
    fn durable_from(&self, size: u64) -> u64 {
        loop {
            let tail = self.shared.tail();
            if tail.durable.seq >= size || tail.poisoned.is_some() {
                return tail.durable_end;
            }
            drop(tail);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Checks the durable part of the log from its first record on, reading the file anew.
    ///
    /// # Errors
    /// The first bad record.
    pub fn verify(&self, expect: &Expect) -> Result<Verification, VerifyError> {
        // What this process knows, whatever lies on the shelf by now.
        let (size, own) = self.shared.tree.signed();
        let end = self.durable_from(size);
        let (own, keys) = (Some(own.to_string()), self.shared.tree.keys());
        let check = Check::of(expect, own.as_deref(), Some(keys), Whose::Ours)?;
        check.run(&self.shared.storage, Some(end), &mut Compared::default())
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Log")
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}

/// Closing waits for what was recorded to become durable, and publishes it.
impl Drop for Log {
    fn drop(&mut self) {
        self.shared.tail().closing = true;
        self.shared.wake();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has poisoned the log already.
            drop(writer.join());
        }
        self.shared.tree.close();
        if let Some(publisher) = self.publisher.take() {
            drop(publisher.join());
        }
        // What can't be published now is at the next start.
        drop(self.shared.tree.publish());
    }
}
