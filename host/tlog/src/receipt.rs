//! Receipts: one record, and the proof that it stands in the log (C2SP tlog-proof).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::hash::{self, Hash};
use crate::note::{Note, NoteError, VerifierKey};
use crate::{lines, merkle};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A record and its proof, as an answer carries it. It is checked without the log and without its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The record's bytes, RFC 8785 JSON: what was hashed.
    pub record: String,
    /// The text of the [`Proof`].
    pub proof: String,
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The proof has not the form of one.
    #[error("not a proof: {0}")]
    Malformed(&'static str),
    /// The checkpoint in it.
    #[error("its checkpoint: {0}")]
    Checkpoint(#[from] NoteError),
    /// The record is not at that place of that log.
    #[error(
        "the record is not entry {index} of the log that the checkpoint is of: one of them was changed"
    )]
    NotIncluded {
        /// The place that the proof names.
        index: u64,
    },
}

impl Receipt {
    /// The checkpoint that covers the record, if all of it holds under `key`.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn verify(&self, key: &VerifierKey) -> Result<Checkpoint, ReceiptError> {
        let proof: Proof = self.proof.parse()?;
        proof.verify(self.record.as_bytes(), key)
    }
}

/// That the entry at `index` is in the log that `checkpoint` is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The entry's place, from 0.
    pub index: u64,
    /// From the leaf to the root.
    pub path: Vec<Hash>,
    /// Signed by the log.
    pub checkpoint: Note,
}

impl Proof {
    /// The checkpoint, if `entry` is where the proof says and `key` signed it.
    ///
    /// # Errors
    /// What is not so.
    pub fn verify(&self, entry: &[u8], key: &VerifierKey) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = Checkpoint::verify(&self.checkpoint, key)?;
        let leaf = hash::leaf(entry);
        let (size, root) = (checkpoint.size, &checkpoint.root);
        match merkle::includes(root, size, self.index, &leaf, &self.path) {
            true => Ok(checkpoint),
            false => Err(ReceiptError::NotIncluded { index: self.index }),
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}\nindex {}", self.index)?;
        lines::write_path(&self.path, out)?;
        write!(out, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        let bad = ReceiptError::Malformed;
        let (head, note) = text.split_once("\n\n").ok_or(bad("no checkpoint"))?;
        let mut head_lines = head.split('\n');
        if head_lines.next() != Some(HEADER) {
            return Err(bad("it does not begin with `c2sp.org/tlog-proof@v1`"));
        }
        let index = head_lines
            .next()
            .and_then(|line| line.strip_prefix("index "));
        let index = index.ok_or(bad("it names no index"))?;
        let index = lines::number(index).ok_or(bad("its index is no number"))?;
        let path = lines::path(head_lines);
        Ok(Self {
            index,
            path: path.ok_or(bad("a line of its path is no hash, or there are too many"))?,
            checkpoint: note.parse()?,
        })
    }
}
