//! The verifier, which needs no secret and no writer.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use vouchsafe_tlog::hash::{self, Hash};
use vouchsafe_tlog::note::VerifierKey;
use vouchsafe_tlog::tile::Tile;
use vouchsafe_tlog::{Builder, Checkpoint};

use crate::chain::Chain;
use crate::mark::{self, MARK};
use crate::scan::FILE;
use crate::shelf::{self, Directory, Shelf};
use crate::storage::{Disk, Storage};
use crate::survey::{Reading, Writer, survey};
use crate::tree::{CHECKPOINT, KEYS, Keys};
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
    /// Up to which record the checkpoint beside the log was signed for what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Seq>,
    /// The public key that was taken for the log's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
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
        if let (Some(signed), Some(key)) = (self.signed, &self.key) {
            writeln!(out, "signed    the first {signed} of them, by {key}")?;
        }
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
    /// There is a checkpoint and no key to check it with.
    #[error(
        "no checkpoint and `verifier-keys` lie beside the log: nothing of it was published, or they were taken away"
    )]
    NoKey,
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
            Self::Unreadable(_) | Self::NoKey => None,
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

/// What is known of a log from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// A record that was its last.
    pub head: Option<Head>,
    /// A checkpoint that it signed: the text of the note.
    pub checkpoint: Option<String>,
}

impl From<Option<Head>> for Expect {
    fn from(head: Option<Head>) -> Self {
        Self {
            head,
            checkpoint: None,
        }
    }
}

/// Checks the log in `dir` from its first record to its last: every byte, number, link and conclusion, that the records
/// are those that its checkpoint was signed for, and that it holds what is expected. Works beside a running writer, and
/// without the host's keystore: it takes the public key that lies beside the log, and says so.
///
/// # Errors
/// The first bad record, or that the log could not be read.
pub fn verify(dir: &Path, expect: &Expect) -> Result<Verification, VerifyError> {
    let shelf = Directory(dir.to_owned());
    let disk = Disk::open_to_read(&dir.join(FILE)).map_err(LogError::from)?;
    verify_on(&(Arc::new(disk) as Arc<dyn Storage>), &shelf, expect)
}

/// As [`verify`], and compares every tile beside the log with what the records make it.
///
/// # Errors
/// As [`verify`]. A tile that is otherwise is no error: the next start makes it again.
pub fn fsck(dir: &Path, expect: &Expect) -> Result<Fsck, VerifyError> {
    let shelf = Directory(dir.to_owned());
    let disk = Disk::open_to_read(&dir.join(FILE)).map_err(LogError::from)?;
    let mut tiles = Compared::with(&shelf);
    let verification = check(
        &(Arc::new(disk) as Arc<dyn Storage>),
        &shelf,
        expect,
        &mut tiles,
    )?;
    Ok(Fsck {
        verification,
        tiles: tiles.seen,
        wrong: tiles.wrong,
    })
}

/// What [`fsck`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fsck {
    /// Of the records.
    #[serde(flatten)]
    pub verification: Verification,
    /// How many tiles there should be.
    pub tiles: u64,
    /// Those that are missing, or otherwise.
    pub wrong: Vec<String>,
}

impl fmt::Display for Fsck {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let good = self.tiles.saturating_sub(self.wrong.len() as u64);
        writeln!(
            out,
            "tiles     {good} of {} are what the records make them",
            self.tiles
        )?;
        for tile in &self.wrong {
            writeln!(
                out,
                "wrong     {tile}: missing or otherwise; the next start makes it again"
            )?;
        }
        self.verification.fmt(out)
    }
}

/// As [`verify`], of a log that lies elsewhere than in files of this host.
///
/// # Errors
/// As [`verify`].
pub fn verify_on(
    storage: &Arc<dyn Storage>,
    shelf: &dyn Shelf,
    expect: &Expect,
) -> Result<Verification, VerifyError> {
    check(storage, shelf, expect, &mut Compared::default())
}

fn check(
    storage: &Arc<dyn Storage>,
    shelf: &dyn Shelf,
    expect: &Expect,
    tiles: &mut Compared<'_>,
) -> Result<Verification, VerifyError> {
    // Before the records are read: there are at least as many as it says.
    let own = shelf::text(shelf, CHECKPOINT).map_err(LogError::from)?;
    let keys = shelf::text(shelf, KEYS).map_err(LogError::from)?;
    let keys = keys.map(|keys| Keys::parse(&keys)).transpose();
    let keys = keys.map_err(LogError::Checkpoint)?;
    let mark = shelf::text(shelf, MARK).map_err(LogError::from)?;
    let mut check = Check::of(expect, own.as_deref(), keys.as_ref(), Whose::Beside)?;
    // Who has not the keystore can't say whose it is; where it says otherwise than the records, the next start fails.
    check.mark = mark.as_deref().and_then(mark::unverified);
    check.run(storage, None, tiles)
}

/// Where the key is from that checkpoints are checked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The host's own.
    Ours,
    /// It lies beside the log, where who may rewrite the log may replace it.
    Beside,
}

/// What a log is held against.
pub(crate) struct Check {
    head: Option<Head>,
    /// A checkpoint that was kept elsewhere.
    kept: Option<Checkpoint>,
    /// The one that lies beside the log.
    own: Option<Checkpoint>,
    /// How far it had come when it was published last, by what lies there.
    mark: Option<Checkpoint>,
    key: Option<VerifierKey>,
    whose: Whose,
}

impl Check {
    /// What `expect` and the log's `own` checkpoint say, as far as `keys` signed it.
    ///
    /// # Errors
    /// When a checkpoint is not signed by any of them.
    pub(crate) fn of(
        expect: &Expect,
        own: Option<&str>,
        keys: Option<&Keys>,
        whose: Whose,
    ) -> Result<Self, VerifyError> {
        let read = |text: &str| match keys {
            Some(keys) => keys
                .read(text)
                .map_err(|error| VerifyError::from(LogError::Checkpoint(error))),
            None => Err(VerifyError::NoKey),
        };
        let kept = expect.checkpoint.as_deref().map(read).transpose()?;
        let own = own.map(read).transpose()?;
        Ok(Self {
            head: expect.head,
            kept: kept.map(|(checkpoint, _)| checkpoint),
            // Of the key that signed, which may be an older one.
            key: own.as_ref().map(|(_, key)| (*key).clone()),
            own: own.map(|(checkpoint, _)| checkpoint),
            mark: None,
            whose,
        })
    }

    /// Reads the log up to byte `to`, or to its end.
    ///
    /// # Errors
    /// The first thing that is not as it should be.
    pub(crate) fn run(
        self,
        storage: &Arc<dyn Storage>,
        to: Option<u64>,
        tiles: &mut Compared<'_>,
    ) -> Result<Verification, VerifyError> {
        let reading = Reading {
            writer: Writer::Perhaps,
            to,
            want: self.head.map(|head| head.seq),
        };
        let mut roots = Roots::default();
        let survey = survey(storage, reading, &mut |record| {
            roots.take(record, [&self.kept, &self.own, &self.mark], tiles);
            Ok(())
        })?;
        if let Some(bad) = survey.fault() {
            return Err(VerifyError::Bad(bad));
        }
        let last = survey.chain.last;
        if let Some(head) = self.head {
            check_expected(head, survey.wanted, last)?;
        }
        for checkpoint in [&self.kept, &self.own, &self.mark].into_iter().flatten() {
            roots.check(checkpoint, last)?;
        }
        Ok(Verification {
            records: last,
            head: Head::of(&survey.chain),
            signed: self.own.as_ref().map(|own| own.size),
            key: self.key.as_ref().map(VerifierKey::to_string),
            open: survey.chain.open.keys().copied().collect(),
            unchecked: self.unchecked(last),
        })
    }

    /// What could not be seen, in words.
    fn unchecked(&self, last: Seq) -> Vec<String> {
        const HOW: &str =
            "keep what `vouchsafe audit checkpoint` prints elsewhere and pass it with --from";
        let kept = self.kept.as_ref().map(|kept| kept.size);
        match (self.head.map(|head| head.seq).max(kept), &self.own) {
            (Some(known), _) if known < last => vec![format!(
                "whether records after {known} were rewritten or cut off since: what was kept vouches for those up to it"
            )],
            (Some(_), _) => vec![format!("whether records after {last} were cut off")],
            (None, Some(own)) => {
                let older = format!(
                    "whether records after {} were rewritten, or all was put back to an older state; {HOW}",
                    own.size
                );
                let key = "whether the key above, which lies beside the log, is this host's: compare it with one that was kept elsewhere";
                let key = (self.whose == Whose::Beside).then(|| key.to_owned());
                std::iter::once(older).chain(key).collect()
            }
            (None, None) => vec![format!(
                "whether records after {last} were cut off, or everything was rewritten by somebody who may write the file; {HOW}, or the head below with --expect"
            )],
        }
    }
}

/// Tiles beside a log, and which of them are not what its records make them; nothing where there is no shelf.
#[derive(Default)]
pub(crate) struct Compared<'a> {
    shelf: Option<&'a dyn Shelf>,
    seen: u64,
    wrong: Vec<String>,
}

impl<'a> Compared<'a> {
    fn with(shelf: &'a dyn Shelf) -> Self {
        Self {
            shelf: Some(shelf),
            ..Self::default()
        }
    }

    fn compare(&mut self, tile: Tile, hashes: &[Hash]) {
        let Some(shelf) = self.shelf else { return };
        self.seen += 1;
        let path = tile.to_string();
        let there = shelf.read(&path, tile.bytes() as u64);
        if !there.is_ok_and(|there| there == Some(hashes.concat())) {
            self.wrong.push(path);
        }
    }
}

/// The roots that checkpoints are held against.
#[derive(Default)]
struct Roots {
    builder: Builder,
    seen: BTreeMap<u64, Hash>,
}

impl Roots {
    fn take(&mut self, record: &[u8], wanted: [&Option<Checkpoint>; 3], tiles: &mut Compared<'_>) {
        let mut full = Vec::new();
        let Ok(()) = self.builder.push(hash::leaf(record), |tile, hashes| {
            full.push((tile, hashes.to_vec()));
            Ok::<_, Infallible>(())
        });
        let size = self.builder.size();
        // What is beyond the checkpoint may not be laid there yet.
        if wanted[1].as_ref().is_none_or(|own| size <= own.size) {
            full.iter()
                .for_each(|(tile, hashes)| tiles.compare(*tile, hashes));
        }
        if wanted
            .into_iter()
            .flatten()
            .any(|checkpoint| checkpoint.size == size)
        {
            self.seen.insert(size, self.builder.root());
        }
        if wanted[1].as_ref().is_some_and(|own| own.size == size) {
            let edge = self.builder.edge();
            edge.for_each(|(tile, hashes)| tiles.compare(tile, hashes));
        }
    }

    fn check(&self, checkpoint: &Checkpoint, last: Seq) -> Result<(), VerifyError> {
        let size = checkpoint.size;
        match self.seen.get(&size) {
            Some(root) if *root == checkpoint.root => Ok(()),
            None if size > last => Err(VerifyError::Cut {
                missing: last + 1,
                last,
                expected: size,
            }),
            None if size == 0 => Ok(()),
            _ => Err(VerifyError::Rewritten(size)),
        }
    }
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
