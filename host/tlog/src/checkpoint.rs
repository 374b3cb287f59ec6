//! Checkpoints (C2SP tlog-checkpoint): what a log says of itself, signed: so many entries, and this root.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::hash::Hash;
use crate::lines;
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
        let mut text_lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) =
            (text_lines.next(), text_lines.next(), text_lines.next())
        else {
            return Err(bad("a checkpoint has three lines"));
        };
        if text_lines.next().is_some() {
            return Err(bad("a checkpoint of ours has no more than three lines"));
        }
        let size = lines::number(size).ok_or(bad("its size is no number"))?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root: lines::hash(root).ok_or(bad("its root is no hash"))?,
        })
    }
}
