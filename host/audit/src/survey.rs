//! A front-to-back reading of the file: what is good, what was torn, what is damaged.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::chain::Chain;
use crate::error::storage as failed;
use crate::frame::{self, HEADER, MAX_FRAME, OVERHEAD};
use crate::scan::{Scanner, Step};
use crate::storage::Storage;
use crate::{Bad, LogError, Seq};

/// A disk writes sectors whole or not at all.
const SECTOR: u64 = 512;
/// One record in so many has its place remembered.
pub(crate) const STRIDE: u64 = 128;

/// What a reading found.
pub(crate) struct Survey {
    pub(crate) chain: Chain,
    /// The hash of the record that was wanted, if there is one of its number.
    pub(crate) wanted: Option<[u8; 32]>,
    /// Where the good records end.
    pub(crate) end: u64,
    /// Where the last batch begins: it may not be durable.
    pub(crate) last_batch: u64,
    /// Where every [`STRIDE`]th record begins.
    pub(crate) index: Vec<u64>,
    /// What follows the good records.
    pub(crate) rest: Rest,
}

/// What follows the last good record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing but allocated space.
    Nothing,
    /// So many bytes of a batch that was never finished, so never acknowledged.
    Torn(u64),
    /// What had been a record.
    Damaged,
}

/// How long to believe that bytes which are no record are still being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// There is none: the caller holds the lock.
    None,
    /// There may be one.
    Perhaps,
}

/// Is shown the bytes of a record.
pub(crate) type Show<'a> = dyn FnMut(&[u8]) -> Result<(), LogError> + 'a;

/// What to read and what to look for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) writer: Writer,
    /// Up to this byte; without it, all.
    pub(crate) to: Option<u64>,
    /// The record whose hash is wanted.
    pub(crate) want: Option<Seq>,
}

/// Reads the log and checks its chain; `show` is shown each good record, and may object.
pub(crate) fn survey(
    storage: &Arc<dyn Storage>,
    reading: Reading,
    show: &mut Show<'_>,
) -> Result<Survey, LogError> {
    let header = read_header(storage.as_ref())?;
    let mut survey = Survey {
        wanted: None,
        chain: Chain::begin(&header),
        end: HEADER as u64,
        last_batch: HEADER as u64,
        index: Vec::new(),
        rest: Rest::Nothing,
    };
    survey.note(reading.want);
    let mut patience = match reading.writer {
        Writer::None => 0,
        Writer::Perhaps => 10,
    };
    loop {
        let before = survey.end;
        survey.read_on(storage, reading, show)?;
        if survey.rest == Rest::Nothing || patience == 0 {
            return Ok(survey);
        }
        patience -= u32::from(survey.end == before);
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Survey {
    /// Takes in the good records from `self.end` on.
    fn read_on(
        &mut self,
        storage: &Arc<dyn Storage>,
        reading: Reading,
        show: &mut Show<'_>,
    ) -> Result<(), LogError> {
        let mut scanner = Scanner::new(Arc::clone(storage), self.end, reading.to);
        loop {
            let offset = scanner.offset();
            let Step::Frame { mark, record } = scanner.next().map_err(failed("read"))? else {
                break;
            };
            self.chain
                .accept(record, offset)
                .map_err(LogError::Damaged)?;
            show(record)?;
            if (self.chain.last - 1).is_multiple_of(STRIDE) {
                self.index.push(offset);
            }
            self.note(reading.want);
            self.last_batch = mark;
            self.end = scanner.offset();
        }
        self.rest = what_follows(&mut scanner).map_err(failed("read"))?;
        Ok(())
    }

    fn note(&mut self, want: Option<Seq>) {
        if want == Some(self.chain.last) {
            self.wanted = Some(self.chain.hash);
        }
    }

    /// What is wrong after the good records, if anything is.
    pub(crate) fn fault(&self) -> Option<Bad> {
        let why = match &self.rest {
            Rest::Nothing => return None,
            Rest::Torn(bytes) => {
                format!("incomplete: {bytes} bytes of it and what followed, torn by a crash or cut")
            }
            Rest::Damaged => "its bytes do not match its check sum".to_owned(),
        };
        Some(Bad {
            record: self.chain.last + 1,
            offset: self.end,
            why,
        })
    }
}

pub(crate) fn read_header(storage: &dyn Storage) -> Result<Vec<u8>, LogError> {
    let mut header = vec![0; HEADER];
    let mut had = 0;
    while had < HEADER {
        let rest = header.get_mut(had..).unwrap_or_default();
        match storage.read_at(rest, had as u64).map_err(failed("read"))? {
            0 => break,
            got => had += got,
        }
    }
    header.truncate(had);
    let bad = |why| {
        LogError::Damaged(Bad {
            record: 0,
            offset: 0,
            why,
        })
    };
    frame::check_header(&header).map_err(bad)?;
    Ok(header)
}

/// Judges the bytes where no good frame begins. They were torn, not damaged, only if no later batch was begun (its
/// frames would name a mark beyond this place) and if bytes are missing the way an unfinished write leaves them.
pub(crate) fn what_follows(scanner: &mut Scanner) -> io::Result<Rest> {
    let offset = scanner.offset();
    let ahead = scanner.ahead()?.to_vec();
    let mut data_end = offset;
    while let Some(mark) = scanner.resume(&mut data_end)? {
        if mark > offset {
            return Ok(Rest::Damaged);
        }
    }
    let length = data_end - offset;
    Ok(match length {
        0 => Rest::Nothing,
        _ if unfinished(&ahead, offset, length) => Rest::Torn(length),
        _ => Rest::Damaged,
    })
}

/// Whether the frame that begins at `offset`, and after which data goes on for `length` bytes, misses bytes that
/// were never written: at its end, or in whole sectors.
fn unfinished(ahead: &[u8], offset: u64, length: u64) -> bool {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    match ahead.iter().position(|byte| *byte == b'\n') {
        Some(newline) => has_hole(ahead.get(..=newline).unwrap_or_default(), offset),
        None => length < MAX_FRAME && declared(ahead) != Some(length),
    }
}

/// The size that a frame says it has.
fn declared(ahead: &[u8]) -> Option<usize> {
    let length = std::str::from_utf8(ahead.get(1..9)?).ok()?;
    Some(OVERHEAD + usize::from_str_radix(length, 16).ok()? + 1)
}

/// Whether a run of zeros fills a sector, or the frame's part of one.
fn has_hole(frame: &[u8], offset: u64) -> bool {
    let aligned = |at: usize| (offset + at as u64).is_multiple_of(SECTOR);
    let mut start = None;
    for (at, byte) in frame.iter().enumerate() {
        match (start, *byte == 0) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                if (from == 0 || aligned(from)) && aligned(at) {
                    return true;
                }
                start = None;
            }
            _ => {}
        }
    }
    false
}
