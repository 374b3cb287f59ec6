//! The end of the log: order, chain, reservations. Everything here happens under one lock and without I/O, but for
//! asking for space when the writer has not done so in time.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::chain::{hex, sha256};
use crate::log::{Options, Recorded};
use crate::record::Kind;
use crate::storage::Storage;
use crate::survey::{STRIDE, Survey};
use crate::{Head, LogError, Record, Seq, frame};

/// What a conclusion takes beyond the names that it repeats from its intent.
const CONCLUSION: u64 = 2048;
/// Space kept for control records when the disk is full.
const CONTROLS: u64 = 64 * 1024;

/// So much is written at once, asked for or not.
const BATCH: usize = 256 << 10;

/// What is waiting to be written, and all that the next record depends on.
pub(crate) struct Tail {
    /// The last record's number and hash.
    last: Head,
    /// What the writer has not taken yet, and where in the file it goes.
    pending: Vec<u8>,
    pending_since: Instant,
    start: u64,
    /// Up to where the file has space.
    allocated: u64,
    /// How much of the free space belongs to conclusions of open intents.
    reserved: u64,
    open: HashMap<Seq, Open>,
    /// Where every [`STRIDE`]th record begins.
    pub(crate) index: Vec<u64>,
    /// The last durable record, and where it ends.
    pub(crate) durable: Head,
    pub(crate) durable_end: u64,
    pub(crate) poisoned: Option<Arc<str>>,
    pub(crate) closing: bool,
    /// What the writer is doing.
    pub(crate) writer: Writer,
    waiters: Vec<(Seq, oneshot::Sender<()>)>,
    /// Whether the writer knows that somebody waits for what is pending.
    told: bool,
    options: Options,
}

/// What the writer is doing, and so whether it must be told of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// Writing; it looks by itself what to do next.
    Busy,
    /// Looks in a moment, but may be told to look at once.
    Watching,
    /// Nothing has happened for a while; it sleeps until it is told.
    Resting,
}

/// An intent without a conclusion: what the conclusion repeats, and its space.
struct Open {
    intent: Record,
    reserved: u64,
}

/// What the writer writes at once.
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start: u64,
    pub(crate) head: Head,
}

impl Tail {
    /// The tail of a log that was read to its end. `open` are the intents that were left open.
    pub(crate) fn after(
        survey: &Survey,
        open: Vec<(Seq, Record)>,
        allocated: u64,
        options: Options,
    ) -> Self {
        let last = Head::of(&survey.chain);
        let open: HashMap<_, _> = open
            .into_iter()
            .map(|(seq, intent)| {
                (
                    seq,
                    Open {
                        intent,
                        reserved: 0,
                    },
                )
            })
            .collect();
        Self {
            last,
            pending: Vec::new(),
            pending_since: Instant::now(),
            start: survey.end,
            allocated: allocated.max(survey.end),
            reserved: 0,
            open,
            index: survey.index.clone(),
            durable: last,
            durable_end: survey.end,
            poisoned: None,
            closing: false,
            writer: Writer::Busy,
            waiters: Vec::new(),
            told: false,
            options,
        }
    }

    /// Gives `record` its place, or says why it has none; then nothing has changed.
    pub(crate) fn append(
        &mut self,
        mut record: Record,
        now: Timestamp,
        storage: &dyn Storage,
    ) -> Result<Recorded, LogError> {
        self.refuse_if_poisoned()?;
        self.refuse_if_behind(record.kind)?;
        self.take_context(&mut record)?;
        record.seq = self.last.seq + 1;
        record.prev = hex(&self.last.hash);
        record.time = format!("{now:.6}");
        let at = self.encode(&record)?;
        match self.reserve(&record, at, storage) {
            Ok(reserve) => Ok(self.settle(record, at, reserve)),
            Err(refused) => {
                self.pending.truncate(at);
                Err(refused)
            }
        }
    }

    /// The conclusion of an intent repeats whose it was, and only an open intent has conclusions and parts.
    fn take_context(&self, record: &mut Record) -> Result<(), LogError> {
        if let Some(parent) = record.parent
            && record.kind == Kind::Intent
            && !self.open.contains_key(&parent)
        {
            return Err(LogError::NotOpen(parent));
        }
        let Some(of) = record.of else { return Ok(()) };
        let intent = &self.open.get(&of).ok_or(LogError::NotOpen(of))?.intent;
        record.tenant.clone_from(&intent.tenant);
        record.principal.clone_from(&intent.principal);
        record.correlation.clone_from(&intent.correlation);
        record.action.clone_from(&intent.action);
        record.skill.clone_from(&intent.skill);
        record.tool.clone_from(&intent.tool);
        record.parent = intent.parent;
        Ok(())
    }

    /// Puts the record's frame at the end of what is pending, and says where.
    fn encode(&mut self, record: &Record) -> Result<usize, LogError> {
        if self.pending.is_empty() {
            self.pending_since = Instant::now();
        }
        let at = frame::begin(&mut self.pending);
        let written = serde_json::to_writer(&mut self.pending, record);
        let length = self.pending.len() - at - frame::OVERHEAD;
        if written.is_err() || length > frame::MAX_RECORD {
            self.pending.truncate(at);
            return Err(LogError::TooLong {
                field: "record",
                limit: frame::MAX_RECORD,
            });
        }
        frame::end(&mut self.pending, at, self.start);
        Ok(at)
    }

    /// Makes sure that the frame just encoded has space, and what must follow it: an intent its conclusion, and
    /// everything but control records the space kept for those. Returns what is to be reserved.
    fn reserve(
        &mut self,
        record: &Record,
        at: usize,
        storage: &dyn Storage,
    ) -> Result<u64, LogError> {
        let frame = (self.pending.len() - at) as u64;
        let own = record
            .of
            .and_then(|of| self.open.get(&of))
            .map_or(0, |open| open.reserved);
        let (new, kept) = match record.kind {
            Kind::Intent => (frame + CONCLUSION, self.reserved + CONTROLS),
            Kind::Refusal => (0, self.reserved + CONTROLS),
            Kind::Control => (0, self.reserved),
            Kind::Outcome | Kind::Unknown => (0, self.reserved - own),
        };
        self.allocate_to(self.end() + new + kept, storage)?;
        Ok(new)
    }

    /// The frame at `at` is now the last record.
    fn settle(&mut self, record: Record, at: usize, reserve: u64) -> Recorded {
        let bytes = self
            .pending
            .get(at + frame::OVERHEAD..self.pending.len() - 1);
        let hash = sha256(bytes.unwrap_or_default());
        if self.last.seq.is_multiple_of(STRIDE) {
            self.index.push(self.start + at as u64);
        }
        self.last = Head {
            seq: record.seq,
            hash,
        };
        if let Some(concluded) = record.of.and_then(|of| self.open.remove(&of)) {
            self.reserved -= concluded.reserved;
        }
        if record.kind == Kind::Intent {
            self.reserved += reserve;
            let open = Open {
                intent: record,
                reserved: reserve,
            };
            self.open.insert(self.last.seq, open);
        }
        Recorded::new(self.last)
    }

    /// How long what is pending may still gather: nothing when somebody waits for it, or it is much, or old.
    /// `None` when nothing is pending.
    pub(crate) fn patience(&self, linger: Duration) -> Option<Duration> {
        if self.pending.is_empty() {
            return None;
        }
        if self.closing || !self.waiters.is_empty() || self.pending.len() >= BATCH {
            return Some(Duration::ZERO);
        }
        Some(linger.saturating_sub(self.pending_since.elapsed()))
    }

    fn end(&self) -> u64 {
        self.start + self.pending.len() as u64
    }

    /// Asks for space ahead of need, so that appending does not have to.
    pub(crate) fn allocate_ahead(&mut self, storage: &dyn Storage) {
        let wanted = self.end() + self.reserved + CONTROLS + self.options.chunk / 2;
        // A full disk is told to whoever then finds no space.
        drop(self.allocate_to(wanted, storage));
    }

    /// Makes the file have space up to `end`: a whole chunk of it, or on a full disk just enough.
    fn allocate_to(&mut self, end: u64, storage: &dyn Storage) -> Result<(), LogError> {
        let missing = end.saturating_sub(self.allocated);
        if missing == 0 {
            return Ok(());
        }
        for length in [missing.max(self.options.chunk), missing] {
            match storage.allocate(self.allocated, length) {
                Ok(()) => {
                    self.allocated += length;
                    return Ok(());
                }
                Err(error) if is_full(&error) => {}
                Err(error) => return Err(crate::error::storage("extend")(error)),
            }
        }
        Err(LogError::Full)
    }

    fn refuse_if_poisoned(&self) -> Result<(), LogError> {
        match &self.poisoned {
            Some(why) => Err(LogError::Poisoned(Arc::clone(why))),
            None => Ok(()),
        }
    }

    /// New work waits for a slow disk; conclusions and control records never do.
    fn refuse_if_behind(&self, kind: Kind) -> Result<(), LogError> {
        let new = matches!(kind, Kind::Intent | Kind::Refusal);
        match self.pending.len() {
            waiting if new && waiting > self.options.pending => Err(LogError::Busy(waiting)),
            _ => Ok(()),
        }
    }

    /// What waits to be written. `spare` becomes the next batch's buffer.
    pub(crate) fn take(&mut self, spare: Vec<u8>) -> Option<Batch> {
        if self.pending.is_empty() {
            return None;
        }
        self.told = false;
        let bytes = std::mem::replace(&mut self.pending, spare);
        let start = self.start;
        self.start += bytes.len() as u64;
        Some(Batch {
            bytes,
            start,
            head: self.last,
        })
    }

    /// The batch is on stable storage: whoever waited for it goes on.
    pub(crate) fn committed(&mut self, batch: &Batch) {
        self.durable = batch.head;
        self.durable_end = batch.start + batch.bytes.len() as u64;
        for (_, waiter) in self
            .waiters
            .extract_if(.., |(seq, _)| *seq <= batch.head.seq)
        {
            // Nobody waits any more: fine.
            let _ = waiter.send(());
        }
    }

    /// What is on disk is no longer known: nothing is taken, nobody who waits is told it went well.
    pub(crate) fn poison(&mut self, why: &str) {
        self.poisoned.get_or_insert_with(|| why.into());
        self.waiters.clear();
    }

    /// `None` when the record is durable already, else what tells that it is.
    pub(crate) fn wait_for(&mut self, seq: Seq) -> Result<Option<oneshot::Receiver<()>>, LogError> {
        self.refuse_if_poisoned()?;
        if seq <= self.durable.seq {
            return Ok(None);
        }
        let (sender, receiver) = oneshot::channel();
        self.waiters.push((seq, sender));
        Ok(Some(receiver))
    }

    /// Whether the writer has to be told that somebody waits: once for what is pending, unless it will look by itself.
    pub(crate) fn must_tell_writer(&mut self) -> bool {
        if self.writer == Writer::Busy || self.pending.is_empty() {
            return false;
        }
        !std::mem::replace(&mut self.told, true)
    }

    /// Intents without a conclusion, in order.
    pub(crate) fn open_intents(&self) -> Vec<Seq> {
        let mut open: Vec<_> = self.open.keys().copied().collect();
        open.sort_unstable();
        open
    }
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
