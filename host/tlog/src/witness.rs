//! What a witness answers a log that asks it to sign (C2SP tlog-witness): that it is the log that it saw before, grown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::note::{Note, VerifierKey};
use crate::{lines, merkle};

/// What a log brings to `add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// What the log believes that the witness saw last.
    pub old: u64,
    /// That the checkpoint continues it.
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub note: Note,
}

/// What a witness signed for last, of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// How many entries it had.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// Why a witness does not sign. [`Refused::status`] is the answer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The request has not the form of one.
    #[error("not a request to add a checkpoint: {0}")]
    Malformed(&'static str),
    /// No key of this log is known, or it did not sign.
    #[error("no log that this witness knows signed it")]
    Unsigned,
    /// Another checkpoint was seen last: so many entries. It is tried again with a proof from there.
    #[error("this witness has seen {0} entries")]
    Conflict(u64),
    /// The checkpoint does not continue what was seen.
    #[error("the checkpoint does not continue the one that was seen last")]
    Unproven,
}

impl Refused {
    /// The status of HTTP that says it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unsigned => 403,
            Self::Conflict(_) => 409,
            Self::Unproven => 422,
        }
    }
}

/// The checkpoint in `request`, for which the witness may sign: `key` signed it, and it continues what was `seen` last.
///
/// # Errors
/// When one of that is not so. Nothing may be signed then.
pub fn judge(
    request: &AddCheckpoint,
    key: &VerifierKey,
    seen: Option<Seen>,
) -> Result<Checkpoint, Refused> {
    let checkpoint = Checkpoint::verify(&request.note, key).map_err(|_| Refused::Unsigned)?;
    if request.old > checkpoint.size {
        return Err(Refused::Malformed("it is smaller than what was seen"));
    }
    let seen_size = seen.map_or(0, |seen| seen.size);
    if request.old != seen_size {
        return Err(Refused::Conflict(seen_size));
    }
    let Some(seen) = seen.filter(|seen| seen.size > 0) else {
        // From nothing there is nothing to prove.
        let proven = request.path.is_empty();
        return proven.then_some(checkpoint).ok_or(Refused::Unproven);
    };
    if seen.size == checkpoint.size && seen.root != checkpoint.root {
        return Err(Refused::Conflict(seen.size));
    }
    let (old, new) = ((seen.size, &seen.root), (checkpoint.size, &checkpoint.root));
    match merkle::extends(old, new, &request.path) {
        true => Ok(checkpoint),
        false => Err(Refused::Unproven),
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "old {}", self.old)?;
        lines::write_path(&self.path, out)?;
        write!(out, "\n{}", self.note)
    }
}

impl FromStr for AddCheckpoint {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let bad = Refused::Malformed;
        let (head, note) = text.split_once("\n\n").ok_or(bad("no checkpoint"))?;
        let mut head_lines = head.split('\n');
        let old = head_lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.ok_or(bad("it does not begin with `old`"))?;
        let old = lines::number(old).ok_or(bad("its size is no number"))?;
        let path = lines::path(head_lines);
        let path = path.ok_or(bad("a line of its proof is no hash, or there are too many"))?;
        let note = note
            .parse()
            .map_err(|_| bad("its checkpoint is no signed note"))?;
        Ok(Self { old, path, note })
    }
}
