//! Checkpoints (C2SP tlog-checkpoint): what a log says of itself, signed: so many entries, and this root.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::hash::Hash;
use crate::note::{Note, NoteError, VerifierKey};

/// A log's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// What `note` says, if `key` signed it and it is about the log that `key` is named after.
    ///
    /// # Errors
    /// When one of that is not so, or it is no checkpoint.
    pub fn verify(note: &Note, key: &VerifierKey) -> Result<Self, NoteError> {
        let checkpoint: Self = note.text_signed_by(key)?.parse()?;
        match checkpoint.origin == key.name() {
            true => Ok(checkpoint),
            false => Err(NoteError::Malformed("it is about another log")),
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = BASE64.encode(self.root);
        writeln!(out, "{}\n{}\n{root}", self.origin, self.size)
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Malformed;
        let text = text
            .strip_suffix('\n')
            .ok_or(bad("its last line has no end"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(bad("a checkpoint has three lines"));
        };
        if lines.next().is_some() {
            return Err(bad("a checkpoint of ours has no more than three lines"));
        }
        let number: u64 = size.parse().map_err(|_| bad("its size is no number"))?;
        if number.to_string() != size {
            return Err(bad("its size is not written as numbers are"));
        }
        let root = BASE64
            .decode(root)
            .ok()
            .and_then(|root| root.try_into().ok());
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root: root.ok_or(bad("its root is no hash"))?,
        })
    }
}
