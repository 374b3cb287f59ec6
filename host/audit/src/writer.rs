//! The one thread that writes. It begins as soon as somebody waits for a record to be durable, and while one batch is
//! being synced the next gathers behind it: a lone caller waits for one sync and a crowd shares one. A record that
//! nobody waits for, such as the intent of a call that touches nothing, goes with the next batch or alone a moment
//! later, so that it does not cost a sync of its own.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::storage::Storage;
use crate::tail::{Batch, Tail, Writer};
use crate::tree::Tree;

/// A buffer larger than this is given back.
const KEEP: usize = 1 << 20;

/// How long a record that nobody waits for may gather others.
const LINGER: Duration = Duration::from_millis(5);

/// So often the writer looks in vain before it rests. While it looks, appending need not wake it.
const LOOKS: u32 = 20;

/// What appenders and the writer share.
pub(crate) struct Shared {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) tree: Tree,
    tail: Mutex<Tail>,
    work: Condvar,
}

impl Shared {
    pub(crate) fn new(storage: Arc<dyn Storage>, tail: Tail, tree: Tree) -> Self {
        Self {
            storage,
            tree,
            tail: Mutex::new(tail),
            work: Condvar::new(),
        }
    }

    /// The tail. A panic while it was held left it whole: each step changes it at its end.
    pub(crate) fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the writer that there is something to do.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }

    /// Writes what is pending now, in the caller's thread.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let batch = self.tail().take(Vec::new());
        let Some(batch) = batch else { return Ok(()) };
        self.write(&batch)?;
        self.tree.integrate(&batch.bytes);
        self.tail().committed(&batch);
        Ok(())
    }

    fn write(&self, batch: &Batch) -> io::Result<()> {
        self.storage.write_at(&batch.bytes, batch.start)?;
        self.storage.sync()
    }

    /// The next batch, as soon as somebody waits for it or it has gathered long enough; `None` when the log is being
    /// closed or was poisoned.
    fn next(&self, spare: Vec<u8>) -> Option<Batch> {
        let mut tail = self.tail();
        let mut looks = 0;
        loop {
            if tail.poisoned.is_some() {
                return None;
            }
            let patience = tail.patience(LINGER);
            if patience == Some(Duration::ZERO) {
                tail.writer = Writer::Busy;
                return tail.take(spare);
            }
            if tail.closing {
                return None;
            }
            looks = if patience.is_some() { 0 } else { looks + 1 };
            tail = self.wait(tail, patience, looks);
        }
    }

    fn wait<'a>(
        &'a self,
        mut tail: MutexGuard<'a, Tail>,
        patience: Option<Duration>,
        looks: u32,
    ) -> MutexGuard<'a, Tail> {
        if looks > LOOKS {
            tail.writer = Writer::Resting;
            return self.work.wait(tail).unwrap_or_else(PoisonError::into_inner);
        }
        tail.writer = Writer::Watching;
        let time = patience.unwrap_or(LINGER);
        let waited = self.work.wait_timeout(tail, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Writes batches until the log is closed.
pub(crate) fn run(shared: &Shared) {
    let _poisons = PoisonOnPanic(shared);
    let mut spare = Vec::new();
    while let Some(mut batch) = shared.next(spare) {
        if let Err(error) = shared.write(&batch) {
            shared.tail().poison(&error.to_string());
            return;
        }
        // Before anybody is told: who knows that a record is durable can have it proved.
        shared.tree.integrate(&batch.bytes);
        let mut tail = shared.tail();
        tail.committed(&batch);
        tail.allocate_ahead(shared.storage.as_ref());
        drop(tail);
        batch.bytes.clear();
        batch.bytes.shrink_to(KEEP);
        spare = batch.bytes;
    }
    close(shared);
}

/// Gives back the allocated space, so that a closed log ends with its last record.
fn close(shared: &Shared) {
    let tail = shared.tail();
    if tail.poisoned.is_none() {
        // The records are durable; that the space is given back is a courtesy.
        drop(shared.storage.truncate(tail.durable_end));
        drop(shared.storage.sync());
    }
}

/// Nobody may wait for a writer that is gone.
struct PoisonOnPanic<'a>(&'a Shared);

impl Drop for PoisonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.tail().poison("the writer panicked");
        }
    }
}
