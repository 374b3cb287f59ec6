//! The threads that guests run on, apart from those that answer people and agents.
//!
//! Guests yield by fuel and the threads have a lower priority, so a host full of endless guests
//! still answers, cancels and kills.

use crate::error::CallError;
use crate::settings::Settings;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much less urgent guests are than the rest of the host, in steps of `nice`.
const NICE: i32 = 10;

/// Turns of a guest thread between looks at timers and at newly admitted calls. A turn is at most
/// one fuel slice, some 100 µs, so both wait well under a millisecond.
const TURNS: u32 = 4;

const MIB: u64 = 1 << 20;

/// Guest threads, the slots on them and the memory that these share.
pub(crate) struct Guests {
    runtime: Option<Runtime>,
    slots: Arc<Semaphore>,
    all_slots: u32,
    queue: Arc<Semaphore>,
    /// In MiB.
    memory: Arc<Semaphore>,
    memory_mib: u32,
}

impl Guests {
    pub(crate) fn start(settings: &Settings) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(settings.guest_threads.max(1))
            .thread_name("guest")
            .event_interval(TURNS)
            .global_queue_interval(TURNS)
            .on_thread_start(yield_to_host)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            slots: Arc::new(Semaphore::new(settings.slots)),
            all_slots: u32::try_from(settings.slots).unwrap_or(u32::MAX),
            queue: Arc::new(Semaphore::new(
                settings.slots.saturating_add(settings.queue),
            )),
            memory: Arc::new(Semaphore::new(settings.memory_mib as usize)),
            memory_mib: settings.memory_mib,
        })
    }

    /// `slots` with room for `bytes`, waiting for both in a queue of bounded length. A call that alone
    /// needs more than there is waits until it has all. What a call may need for the calls inside it, it
    /// has from the start, so that none of these waits for another.
    ///
    /// # Errors
    /// [`CallError::Busy`] when the queue is full.
    pub(crate) async fn admit(&self, bytes: u64, slots: u32) -> Result<Slot, CallError> {
        let waiting = self.queue.clone().try_acquire_owned();
        let waiting = waiting.map_err(|_| CallError::Busy)?;
        let slots = slots.min(self.all_slots);
        let slot = self.slots.clone().acquire_many_owned(slots).await;
        let slot = slot.map_err(|_| CallError::Busy)?;
        let mib = u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX);
        let mib = mib.min(self.memory_mib);
        let memory = self.memory.clone().acquire_many_owned(mib).await;
        Ok(Slot {
            _slot: slot,
            _memory: memory.map_err(|_| CallError::Busy)?,
            _queue: waiting,
        })
    }

    /// Runs `guest` on a guest thread; a `brief` one has its first slice here. `None` if it panicked
    /// or the host is shutting down.
    pub(crate) async fn run<F>(&self, brief: bool, mut guest: Pin<Box<F>>) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let runtime = self.runtime.as_ref()?;
        if brief {
            let first = poll_fn(|cx| {
                let _inside = runtime.enter(); // what it spawns or waits for belongs to guests
                Poll::Ready(catch_unwind(AssertUnwindSafe(|| guest.as_mut().poll(cx))))
            });
            match first.await.ok()? {
                Poll::Ready(output) => return Some(output),
                Poll::Pending => {}
            }
        }
        runtime.spawn(guest).await.ok()
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        // Waiting for guests would panic on an asynchronous thread, and they may be endless.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The right to run one call. Give it up only when the store is gone.
pub(crate) struct Slot {
    _slot: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
    _queue: OwnedSemaphorePermit,
}

/// On Linux this lowers the priority of the calling thread alone.
fn yield_to_host() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "guest threads keep the priority of the host");
    }
}
