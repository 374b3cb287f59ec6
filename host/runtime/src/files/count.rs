//! What a folder holds, counted while somebody may change it.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use vouchsafe_ambient::files;
use vouchsafe_policy::grant::{MOST_FILES, Quota};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// What tells one file from another.
pub(crate) type Identity = (u64, u64);

/// What one folder holds. Counted on the disk when the first of those who have it open changes something, and kept
/// until the last is gone: what others put there meanwhile counts from then on.
pub(crate) struct Used {
    path: PathBuf,
    count: Mutex<Count>,
}

#[derive(Default)]
pub(super) struct Count {
    /// Bytes and entries, once counted.
    held: Option<(u64, u64)>,
    /// Files that calls have open.
    open: Vec<(Identity, Weak<std::fs::File>)>,
}

impl Used {
    pub(super) fn of(path: PathBuf) -> Self {
        Self {
            path,
            count: Mutex::default(),
        }
    }

    /// Blocks until nobody else changes the folder. A panic in between leaves a count to be made anew.
    pub(super) fn alone(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(|poisoned| {
            let mut count = PoisonError::into_inner(poisoned);
            count.held = None;
            self.count.clear_poison();
            count
        })
    }

    /// Blocks, as [`Used::alone`], and has what is there counted.
    pub(super) fn counted(&self) -> Result<MutexGuard<'_, Count>, ErrorCode> {
        let mut count = self.alone();
        if count.held.is_none() {
            let held = files::holds(&self.path, MOST_FILES).map_err(|error| {
                tracing::warn!("what a folder of skills holds can't be counted: {error}");
                ErrorCode::Io
            })?;
            count.held = Some(held);
        }
        Ok(count)
    }
}

impl Count {
    /// That so many more bytes and entries fit.
    pub(super) fn fits(&self, quota: Quota, bytes: u64, entries: u64) -> Result<(), ErrorCode> {
        let (has, many) = self.held.ok_or(ErrorCode::Io)?;
        let fits =
            has.saturating_add(bytes) <= quota.bytes && many.saturating_add(entries) <= quota.files;
        // Who is over a quota already may still do what adds nothing.
        let adds = bytes > 0 || entries > 0;
        match fits || !adds {
            true => Ok(()),
            false => Err(ErrorCode::Quota),
        }
    }

    /// Notes that a file went from `before` to `now` bytes.
    pub(super) fn resized(&mut self, before: u64, now: u64) {
        if let Some((bytes, _)) = &mut self.held {
            *bytes = bytes.saturating_sub(before).saturating_add(now);
        }
    }

    /// Notes that there is one entry more.
    pub(super) fn made(&mut self) {
        if let Some((_, entries)) = &mut self.held {
            *entries = entries.saturating_add(1);
        }
    }

    /// Notes that an entry of so many bytes is gone.
    pub(super) fn removed(&mut self, bytes: u64) {
        self.resized(bytes, 0);
        if let Some((_, entries)) = &mut self.held {
            *entries = entries.saturating_sub(1);
        }
    }

    pub(super) fn opened(&mut self, which: Identity, file: Weak<std::fs::File>) {
        self.open.retain(|(_, file)| file.strong_count() > 0);
        self.open.push((which, file));
    }

    pub(super) fn is_open(&self, which: Identity) -> bool {
        let mut open = self.open.iter();
        open.any(|(one, file)| *one == which && file.strong_count() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_what_both_quotas_leave() {
        let quota = Quota {
            bytes: 10,
            files: 2,
        };
        let mut count = Count {
            held: Some((8, 1)),
            open: Vec::new(),
        };
        assert!(count.fits(quota, 2, 1).is_ok());
        assert!(count.fits(quota, 3, 0).is_err() && count.fits(quota, 0, 2).is_err());
        count.made();
        count.resized(8, 30);
        assert!(count.fits(quota, 0, 0).is_ok() && count.fits(quota, 1, 0).is_err());
        count.removed(30);
        assert_eq!(count.held, Some((0, 1)));
        assert!(count.fits(quota, u64::MAX, 1).is_err());
    }
}
