//! The mark: how far the log had come when it was published last, by a key that nothing but this host has. Every receipt
//! holds a checkpoint that was good once, and no receipt holds a mark: a log can't be put back to what one says.
//!
//! INVARIANT (a mark only grows): it is on stable storage before the checkpoint that it is of, and covers durable records
//! alone. So no crash leaves a checkpoint beyond the mark, or a mark beyond the records.

use vouchsafe_keys::MacKey;
use vouchsafe_tlog::Checkpoint;

use crate::chain::hex;
use crate::{LogError, Seq};

/// Where the mark lies.
pub(crate) const MARK: &str = "mark";

/// The mark over `checkpoint`: its text, and a line that authenticates it.
pub(crate) fn of(checkpoint: &Checkpoint, key: &MacKey) -> String {
    let text = checkpoint.to_string();
    let tag = hex(&key.tag(text.as_bytes()));
    format!("{text}{tag}\n")
}

/// What the mark `text` of the log called `origin` says.
///
/// # Errors
/// [`LogError::Mark`] when `key` did not authenticate it, or it is of another log.
pub(crate) fn read(text: &str, origin: &str, key: &MacKey) -> Result<Checkpoint, LogError> {
    let (checkpoint, tag) = parts(text).ok_or(LogError::Mark)?;
    let tag = hex::decode(tag).map_err(|_| LogError::Mark)?;
    let is_ours = key.verify(checkpoint.to_string().as_bytes(), &tag);
    match is_ours && checkpoint.origin == origin {
        true => Ok(checkpoint),
        false => Err(LogError::Mark),
    }
}

/// What the mark `text` says, whoever wrote it; none where it says nothing.
pub(crate) fn unverified(text: &str) -> Option<Checkpoint> {
    parts(text).map(|(checkpoint, _)| checkpoint)
}

fn parts(text: &str) -> Option<(Checkpoint, &str)> {
    let (checkpoint, tag) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    Some((format!("{checkpoint}\n").parse().ok()?, tag))
}

/// That a log of `has` records has all of `mark`.
///
/// # Errors
/// [`LogError::PutBack`] when it has not.
pub(crate) fn is_reached(mark: &Checkpoint, has: Seq) -> Result<(), LogError> {
    match mark.size <= has {
        true => Ok(()),
        false => Err(LogError::PutBack {
            had: mark.size,
            has,
        }),
    }
}
