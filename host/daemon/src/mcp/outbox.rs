//! What is on its way to a client, counted in bytes: a client that doesn't read is not read from.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

/// The bytes that may wait before nothing more is taken from the client.
const FULL: usize = 16 << 20;

/// The most bytes gathered for one write.
const MAX_WRITE: usize = 256 << 10;

/// How long a client that is being left has to take what waits for it.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// The queue of one session; clones share it.
#[derive(Clone)]
pub(super) struct Outbox {
    lines: mpsc::UnboundedSender<Vec<u8>>,
    waiting: watch::Sender<usize>,
}

impl Outbox {
    /// A queue that a task of its own writes to `write`, in order, until the client is gone.
    pub(super) fn new(write: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        let (lines, inbox) = mpsc::unbounded_channel();
        let (waiting, _) = watch::channel(0);
        tokio::spawn(write_all(inbox, write, waiting.clone()));
        Self { lines, waiting }
    }

    /// Puts a line at the end. Never waits: who takes requests waits for room instead, and so the
    /// answers to what was taken are all that can come on top.
    ///
    /// # Errors
    /// When the client is gone.
    pub(super) fn push(&self, line: Vec<u8>) -> io::Result<()> {
        let bytes = line.len();
        // Counted first, so that the writer never takes off what was not put on.
        self.waiting.send_modify(|waiting| *waiting += bytes);
        self.lines.send(line).map_err(|_| {
            self.waiting.send_modify(|waiting| *waiting -= bytes);
            io::ErrorKind::BrokenPipe.into()
        })
    }

    /// Waits until less than [`FULL`] waits. May be dropped at any time.
    pub(super) async fn room(&self) {
        self.below(FULL).await;
    }

    /// Waits until all is written, for a while.
    pub(super) async fn flush(&self) {
        // What a client does not take in its time it does not get.
        drop(tokio::time::timeout(LAST_BYTES, self.below(1)).await);
    }

    async fn below(&self, limit: usize) {
        let mut waiting = self.waiting.subscribe();
        // Who holds the sender can't outlive it.
        drop(waiting.wait_for(|waiting| *waiting < limit).await);
    }
}

async fn write_all(
    mut inbox: mpsc::UnboundedReceiver<Vec<u8>>,
    mut write: impl AsyncWrite + Unpin,
    waiting: watch::Sender<usize>,
) {
    while let Some(mut bytes) = inbox.recv().await {
        while bytes.len() < MAX_WRITE
            && let Ok(more) = inbox.try_recv()
        {
            bytes.extend_from_slice(&more);
        }
        let written = write.write_all(&bytes).await;
        waiting.send_modify(|waiting| *waiting -= bytes.len());
        if written.is_err() {
            break;
        }
    }
    // Nobody reads any more: what is left is dropped, and nobody waits for it.
    inbox.close();
    while let Ok(line) = inbox.try_recv() {
        waiting.send_modify(|waiting| *waiting -= line.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn who_does_not_read_is_waited_for_by_bytes() {
        let (mut client, server) = tokio::io::duplex(1024);
        let outbox = Outbox::new(server);
        outbox.push(vec![b'x'; FULL + 2048]).unwrap();
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, outbox.room()).await.is_err());

        let mut read = vec![0; FULL + 2048];
        client.read_exact(&mut read).await.unwrap();
        tokio::time::timeout(Duration::from_secs(5), outbox.room())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_for_a_client_that_is_gone() {
        let (client, server) = tokio::io::duplex(1024);
        let outbox = Outbox::new(server);
        outbox.push(vec![b'x'; FULL]).unwrap();
        outbox.push(vec![b'x'; FULL]).unwrap();
        drop(client);
        tokio::time::timeout(Duration::from_secs(5), outbox.room())
            .await
            .unwrap();
        outbox.flush().await;
        assert!(outbox.push(vec![b'x']).is_err());
    }
}
