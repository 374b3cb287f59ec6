//! What can go wrong with the log, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use vouchsafe_ambient::files::FileError;

use vouchsafe_tlog::note::NoteError;

use crate::Seq;
use crate::shelf::TileError;

/// Why the log did not take a record, or did not open.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log's directory or lock.
    #[error(transparent)]
    File(#[from] FileError),
    /// The storage refused; nothing is known to be lost.
    #[error("cannot {verb} the log: {source}")]
    Storage {
        /// What was tried, such as `read`.
        verb: &'static str,
        /// The operating system's word.
        source: io::Error,
    },
    /// A record is not what was written. The log stays closed until an operator has looked at it.
    #[error(
        "the log is damaged at {0}; restore it from a backup, or move it away to begin a new one"
    )]
    Damaged(Bad),
    /// A write or sync failed earlier, so what is on disk is not known. Only a restart gets out of it.
    #[error(
        "the log stopped after `{0}`; no effect is allowed until the disk is mended and the host restarted"
    )]
    Poisoned(Arc<str>),
    /// There is no space for the record and what must follow it.
    #[error("the disk is full: the log has no space left for new work; free some, and it goes on")]
    Full,
    /// The storage is slower than the records come.
    #[error("the log is behind: {0} bytes wait for the disk; try again")]
    Busy(usize),
    /// The record concludes, or is part of, an intent that is not open.
    #[error("record `{0}` is not an open intent: it was concluded already or never was one")]
    NotOpen(Seq),
    /// A name is longer than records hold.
    #[error("`{field}` is longer than {limit} bytes")]
    TooLong {
        /// The record's field.
        field: &'static str,
        /// Its longest.
        limit: usize,
    },
    /// A fact's name that is not short ASCII.
    #[error("`{0}` is no name for a fact: short ASCII is")]
    FactName(String),
    /// What lies beside the log as its checkpoint is not one that this host signed.
    #[error(
        "`audit/checkpoint` is not this log's: {0}; find out who put it there, and move it away to go on without it"
    )]
    Checkpoint(#[from] NoteError),
    /// The log has records and nothing that its key signed.
    #[error(
        "the log has records and no `audit/checkpoint`: somebody took it away, and may have changed records; restore it from a backup, or move the log away to begin a new one"
    )]
    Unsigned,
    /// There is a checkpoint, and what lies beside it as its mark is none of this host for this log.
    #[error(
        "`audit/mark` is missing, or is not what this host wrote for this log: the log may have been put back to an older state; restore the newest copy of the whole `audit` directory, or move it away to begin a new log"
    )]
    Mark,
    /// The log was longer when it was published last.
    #[error(
        "the log ends at record {has}, and reached {had} when this host published it last: its end was cut off, or an older state was put back; restore the newest copy of the whole `audit` directory, or move it away to begin a new log"
    )]
    PutBack {
        /// By the mark.
        had: Seq,
        /// What is there.
        has: Seq,
    },
    /// The log had other records when it was published last.
    #[error(
        "the first {0} records are not those that this host published last: an older state was put back and other records were written after it; restore the newest copy of the whole `audit` directory, or move it away to begin a new log"
    )]
    Rewritten(Seq),
    /// A tile of the tree.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// There is no such record, or the tiles are not what the records make them.
    #[error(
        "record `{0}` can't be proved: it is not there, or a tile was changed, which the next start makes again"
    )]
    NoProof(Seq),
    /// There is something where an export was to be written.
    #[error("`{}` is there already: an export is written to a new directory", .0.display())]
    Taken(PathBuf),
    /// A salt could not be made or sealed.
    #[error("cannot commit to a payload: {0}")]
    Commitment(&'static str),
}

/// The first bad record, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Its number; 0 is the file's header.
    pub record: Seq,
    /// Where it begins in the file, or would.
    pub offset: u64,
    /// What is wrong.
    pub why: String,
}

impl std::fmt::Display for Bad {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.record {
            0 => write!(out, "the header: {}", self.why),
            record => write!(
                out,
                "record `{record}` (byte {}): {}",
                self.offset, self.why
            ),
        }
    }
}

pub(crate) fn storage(verb: &'static str) -> impl FnOnce(io::Error) -> LogError {
    move |source| LogError::Storage { verb, source }
}
