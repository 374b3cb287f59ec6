//! The verifier, which needs no key and no writer.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use crate::chain::Chain;
use crate::scan::FILE;
use crate::storage::{Disk, Storage};
use crate::survey::{Reading, Writer, survey};
use crate::{Bad, LogError, Seq};

/// A record's number and hash: everything up to it is fixed by these. Its text form is `NUMBER:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The record; 0 is the log before its first.
    pub seq: Seq,
    /// The SHA-256 of its bytes.
    pub hash: [u8; 32],
}

impl Head {
    pub(crate) fn of(chain: &Chain) -> Self {
        Self {
            seq: chain.last,
            hash: chain.hash,
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.seq, hex::encode(self.hash))
    }
}

impl Serialize for Head {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

/// The text is no head.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no head of a log: `audit verify` prints one, NUMBER:HASH with 64 hex digits")]
pub struct HeadError(String);

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, HeadError> {
        let parse = || {
            let (seq, hash) = text.split_once(':')?;
            Some(Self {
                seq: seq.parse().ok()?,
                hash: hex::decode(hash).ok()?.try_into().ok()?,
            })
        };
        parse().ok_or_else(|| HeadError(text.to_owned()))
    }
}

/// What was checked and found good, and what could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// How many records there are.
    pub records: u64,
    /// The last of them: keep it elsewhere, and a later check can be told to expect it.
    pub head: Head,
    /// Intents without outcome: running now, or cut by a crash that the next start will record.
    pub open: Vec<Seq>,
    /// What this check could not see.
    pub unchecked: Vec<String>,
}

impl fmt::Display for Verification {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "good      {} records, unbroken from the first",
            self.records
        )?;
        if let Some(first) = self.open.first() {
            writeln!(
                out,
                "open      {} without an outcome yet, from record {first} on",
                self.open.len()
            )?;
        }
        for what in &self.unchecked {
            writeln!(out, "unchecked {what}")?;
        }
        write!(out, "head      {}", self.head)
    }
}

/// Why a log is not good.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The first bad record.
    #[error("{0}")]
    Bad(Bad),
    /// The log ends before the record that is expected.
    #[error(
        "record `{missing}` is missing: the log ends at record {last}, but had reached {expected}; its end was cut"
    )]
    Cut {
        /// The first missing record.
        missing: Seq,
        /// The last that is there.
        last: Seq,
        /// The expected one.
        expected: Seq,
    },
    /// The expected record is another one now.
    #[error(
        "record `{0}` is not the one that is expected: it, or records before it, were rewritten"
    )]
    Rewritten(Seq),
    /// The log could not be read.
    #[error(transparent)]
    Unreadable(LogError),
}

impl VerifyError {
    /// The record that the check stumbled on, if it got that far.
    pub fn record(&self) -> Option<Seq> {
        match self {
            Self::Bad(bad) => Some(bad.record),
            Self::Cut { missing, .. } => Some(*missing),
            Self::Rewritten(seq) => Some(*seq),
            Self::Unreadable(_) => None,
        }
    }
}

impl From<LogError> for VerifyError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Damaged(bad) => Self::Bad(bad),
            error => Self::Unreadable(error),
        }
    }
}

/// Checks the log in `dir` from its first record to its last: every byte, number, link and conclusion, and that
/// record `expect` is part of it. Works beside a running writer, and needs no key.
///
/// # Errors
/// The first bad record, or that the log could not be read.
pub fn verify(dir: &Path, expect: Option<Head>) -> Result<Verification, VerifyError> {
    let disk = Disk::open_to_read(&dir.join(FILE)).map_err(LogError::from)?;
    let storage: Arc<dyn Storage> = Arc::new(disk);
    verify_storage(&storage, None, expect)
}

/// As [`verify`], of a log that lies elsewhere than in a file of this host.
///
/// # Errors
/// As [`verify`].
pub fn verify_on(
    storage: &Arc<dyn Storage>,
    expect: Option<Head>,
) -> Result<Verification, VerifyError> {
    verify_storage(storage, None, expect)
}

pub(crate) fn verify_storage(
    storage: &Arc<dyn Storage>,
    to: Option<u64>,
    expect: Option<Head>,
) -> Result<Verification, VerifyError> {
    let reading = Reading {
        writer: Writer::Perhaps,
        to,
        want: expect.map(|head| head.seq),
    };
    let survey = survey(storage, reading)?;
    if let Some(bad) = survey.fault() {
        return Err(VerifyError::Bad(bad));
    }
    if let Some(expect) = expect {
        check_expected(expect, survey.wanted, survey.chain.last)?;
    }
    Ok(Verification {
        records: survey.chain.last,
        head: Head::of(&survey.chain),
        open: survey.chain.open.keys().copied().collect(),
        unchecked: unchecked(expect, survey.chain.last),
    })
}

fn check_expected(expect: Head, found: Option<[u8; 32]>, last: Seq) -> Result<(), VerifyError> {
    match found {
        Some(hash) if hash == expect.hash => Ok(()),
        Some(_) => Err(VerifyError::Rewritten(expect.seq)),
        None => Err(VerifyError::Cut {
            missing: last + 1,
            last,
            expected: expect.seq,
        }),
    }
}

fn unchecked(expect: Option<Head>, last: Seq) -> Vec<String> {
    const HOW: &str = "keep the head below elsewhere and pass it with --expect";
    match expect {
        None => vec![
            format!("whether records after {last} were cut off; {HOW}"),
            format!("whether everything was rewritten by somebody who may write the file; {HOW}"),
        ],
        Some(expect) if expect.seq < last => vec![format!(
            "whether records after {} were rewritten or cut off since: the expected head vouches for those up to it",
            expect.seq
        )],
        Some(_) => vec![format!("whether records after {last} were cut off")],
    }
}
