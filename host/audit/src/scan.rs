//! Reading the file from front to back.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::frame::{self, HEADER, MAX_FRAME, START};
use crate::storage::{Disk, Storage};
use crate::survey::{Rest, what_follows};
use crate::{Bad, Kind, LogError, Record, Seq, error};

/// The file's name in the log's directory.
pub(crate) const FILE: &str = "records.log";
const BLOCK: usize = 128 << 10;

/// The records of the log in `dir`, first to last, without checking the chain: see [`crate::verify`]. Works beside
/// a running writer.
///
/// # Errors
/// When there is no log to read.
pub fn records(dir: &Path) -> Result<Records, LogError> {
    let disk = Disk::open_to_read(&dir.join(FILE))?;
    Ok(Records::new(Arc::new(disk), HEADER as u64, None))
}

/// As [`records`], from where another reading ended.
///
/// # Errors
/// When there is no log to read.
pub fn records_from(dir: &Path, place: Place) -> Result<Records, LogError> {
    let disk = Disk::open_to_read(&dir.join(FILE))?;
    let mut records = Records::new(Arc::new(disk), place.offset, None);
    records.next = place.next;
    Ok(records)
}

/// Where in the log a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    offset: u64,
    next: Seq,
}

/// Records in the order of the log. Ends after the first error.
pub struct Records {
    scanner: Option<Scanner>,
    /// The number of the next record, once one was read.
    next: Seq,
    /// Where the last that was read ends.
    read_to: u64,
    /// Only records that have these words are read, others passed over.
    having: Option<&'static str>,
}

/// What is in each record of [`crate::Kind::Control`], and in others at most by chance: a record is canonical JSON, in
/// which a quote inside a text is escaped.
const CONTROL: &str = "\"kind\":\"control\"";

impl Records {
    pub(crate) fn new(storage: Arc<dyn Storage>, from: u64, to: Option<u64>) -> Self {
        Self {
            scanner: Some(Scanner::new(storage, from, to)),
            next: 1,
            read_to: from,
            having: None,
        }
    }

    /// The same, passing over what is no [`crate::Kind::Control`]: most of a long log, and most of the work.
    pub(crate) fn controls(self) -> impl Iterator<Item = Result<Record, LogError>> {
        let having = Some(CONTROL);
        let is_control = |record: &Record| record.kind == Kind::Control;
        Self { having, ..self }.filter(move |record| record.as_ref().map_or(true, is_control))
    }

    /// Where it goes on after the last record that was read.
    pub fn place(&self) -> Place {
        Place {
            offset: self.read_to,
            next: self.next,
        }
    }

    fn read(&self, scanner: &mut Scanner) -> Result<Option<Record>, LogError> {
        let failed = || error::storage("read");
        let offset = scanner.offset();
        let damaged = |why: String| {
            LogError::Damaged(Bad {
                record: self.next,
                offset,
                why,
            })
        };
        while let Step::Frame { record, .. } = scanner.next().map_err(failed())? {
            let has = |words| std::str::from_utf8(record).map_or(true, |text| text.contains(words));
            if !self.having.is_none_or(has) {
                continue;
            }
            let read = serde_json::from_slice(record);
            return read.map(Some).map_err(|error| damaged(error.to_string()));
        }
        match what_follows(scanner).map_err(failed())? {
            Rest::Damaged => Err(damaged("its bytes do not match its check sum".to_owned())),
            // What is not whole was never acknowledged, or is being written.
            Rest::Nothing | Rest::Torn(_) => Ok(None),
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut scanner = self.scanner.take()?;
        let found = self.read(&mut scanner).transpose()?;
        if let Ok(record) = &found {
            self.next = record.seq + 1;
            self.read_to = scanner.offset();
            self.scanner = Some(scanner);
        }
        Some(found)
    }
}

/// The bytes of record `seq`; `from` is where some record no later than it begins.
pub(crate) fn bytes(
    storage: &Arc<dyn Storage>,
    from: u64,
    to: u64,
    seq: Seq,
) -> Result<Vec<u8>, LogError> {
    let mut scanner = Scanner::new(Arc::clone(storage), from, Some(to));
    while let Step::Frame { record, .. } = scanner.next().map_err(error::storage("read"))? {
        let numbered: Numbered =
            serde_json::from_slice(record).map_err(|_| LogError::NoProof(seq))?;
        if numbered.seq == seq {
            return Ok(record.to_vec());
        }
    }
    Err(LogError::NoProof(seq))
}

#[derive(Deserialize)]
struct Numbered {
    seq: Seq,
}

/// What stands next in the file.
pub(crate) enum Step<'a> {
    /// A good frame.
    Frame { mark: u64, record: &'a [u8] },
    /// No good frame: the end, or damage.
    Stop,
}

/// Reads frames through a buffer.
pub(crate) struct Scanner {
    storage: Arc<dyn Storage>,
    /// The file's bytes from `base`.
    buffer: Vec<u8>,
    base: u64,
    /// How much of the buffer was consumed.
    used: usize,
    /// Nothing at or beyond is looked at.
    to: u64,
    /// The buffer holds all that is left.
    ended: bool,
}

impl Scanner {
    pub(crate) fn new(storage: Arc<dyn Storage>, from: u64, to: Option<u64>) -> Self {
        Self {
            storage,
            buffer: Vec::new(),
            base: from,
            used: 0,
            to: to.unwrap_or(u64::MAX),
            ended: false,
        }
    }

    /// Where the next frame begins.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.used as u64
    }

    /// The next frame.
    pub(crate) fn next(&mut self) -> io::Result<Step<'_>> {
        self.fill()?;
        let rest = self.buffer.get(self.used..).unwrap_or_default();
        match frame::parse(rest) {
            Some(found) => {
                self.used += usize::try_from(found.size()).unwrap_or(usize::MAX);
                Ok(Step::Frame {
                    mark: found.mark,
                    record: found.record,
                })
            }
            None => Ok(Step::Stop),
        }
    }

    /// The longest stretch of bytes that a frame here could have.
    pub(crate) fn ahead(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        let rest = self.buffer.get(self.used..).unwrap_or_default();
        Ok(rest.get(..MAX_FRAME).unwrap_or(rest))
    }

    /// Skips the bytes up to the next good frame after this place; `None` when there is none. Also tells where the
    /// last byte that is not zero ends.
    pub(crate) fn resume(&mut self, data_end: &mut u64) -> io::Result<Option<u64>> {
        loop {
            self.fill()?;
            let base = self.offset();
            let rest = self.buffer.get(self.used..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(None);
            }
            // Only what surely holds a whole frame is searched, unless this is the end of the file.
            let searched = match rest.len() > MAX_FRAME {
                true => rest.len() - MAX_FRAME,
                false => rest.len(),
            };
            let searched = rest.get(..searched).unwrap_or_default();
            let found = searched.iter().enumerate().find_map(|(at, byte)| {
                let frame = (*byte == START)
                    .then(|| frame::parse(rest.get(at..)?))
                    .flatten()?;
                Some((at, frame.mark, frame.size()))
            });
            let passed = match found {
                Some((at, _, size)) => at + usize::try_from(size).unwrap_or(usize::MAX),
                None => searched.len(),
            };
            if let Some(last) = rest
                .get(..passed)
                .and_then(|part| part.iter().rposition(|byte| *byte != 0))
            {
                *data_end = base + last as u64 + 1;
            }
            self.used += passed;
            if let Some((_, mark, _)) = found {
                return Ok(Some(mark));
            }
        }
    }

    /// Reads on until a whole frame is in the buffer, or the file ends.
    fn fill(&mut self) -> io::Result<()> {
        if self.ended || self.buffer.len() - self.used >= MAX_FRAME {
            return Ok(());
        }
        self.buffer.drain(..self.used);
        self.base += self.used as u64;
        self.used = 0;
        while self.buffer.len() < MAX_FRAME {
            let at = self.base + self.buffer.len() as u64;
            let want = usize::try_from(self.to.saturating_sub(at))
                .unwrap_or(BLOCK)
                .min(BLOCK);
            let had = self.buffer.len();
            self.buffer.resize(had + want, 0);
            let got = self
                .storage
                .read_at(self.buffer.get_mut(had..).unwrap_or_default(), at)?;
            self.buffer.truncate(had + got);
            self.ended = got == 0;
            if self.ended {
                break;
            }
        }
        Ok(())
    }
}
