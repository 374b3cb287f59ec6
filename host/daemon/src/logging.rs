//! What the owner writes to its own log: bounded, and never what passed between agents and tools.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// What is logged unless `VOUCHSAFE_LOG` says otherwise.
const LOGGED: &str = "warn";

/// The most bytes of one owner's log. The audit log has no such end, and holds what matters.
const MAX_LOG: usize = 2 << 20;

/// The last line of a log that is full.
const FULL: &[u8] = b"the log is full: this owner logs nothing more until it is started again\n";

/// Starts logging to standard error, as `VOUCHSAFE_LOG` asks.
pub(crate) fn start() {
    let wanted = vouchsafe_ambient::env::var("VOUCHSAFE_LOG");
    let filter = EnvFilter::new(wanted.as_deref().unwrap_or(LOGGED));
    let layer = fmt::layer()
        .with_writer(|| Bounded(io::stderr()))
        .with_ansi(false)
        .with_filter(filter);
    let registry = tracing_subscriber::registry()
        .with(FilterFn::new(|event| !holds_payloads(event)))
        .with(layer);
    // A subscriber that is set already, as in tests, stays.
    drop(registry.try_init());
}

/// Whether an event may hold arguments or results: the protocol library logs whole messages, down
/// from warnings. Nobody can ask for those.
fn holds_payloads(event: &Metadata<'_>) -> bool {
    event.target().starts_with("rmcp") && *event.level() > Level::ERROR
}

/// A writer that stops at [`MAX_LOG`] bytes of this process.
struct Bounded<W>(W);

static WRITTEN: AtomicUsize = AtomicUsize::new(0);

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = WRITTEN.fetch_add(bytes.len(), Ordering::Relaxed);
        if before.saturating_add(bytes.len()) <= MAX_LOG {
            self.0.write_all(bytes)?;
        } else if before <= MAX_LOG {
            self.0.write_all(FULL)?;
        } else {
            // So that the counter never wraps.
            WRITTEN.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_an_end() {
        let mut log = Bounded(Vec::new());
        for _ in 0..=MAX_LOG / 1024 + 10 {
            log.write_all(&[b'x'; 1024]).unwrap();
        }
        assert!(log.0.len() <= MAX_LOG + FULL.len());
        assert!(log.0.ends_with(FULL));
    }
}
