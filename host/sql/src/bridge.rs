//! A way for the database's client over a connection of the one door out.
//!
//! The client opens its own sockets, to any address that a name may have. So it is given a socket of this process's own,
//! in a folder that nobody else can enter, and its bytes go to the address that was checked. It speaks TLS through it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, split};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::task::AbortOnDropHandle;
use vouchsafe_egress::Stream;

/// Carries bytes as long as it lives.
pub(crate) struct Bridge {
    folder: TempDir,
    full: Arc<AtomicBool>,
    _task: AbortOnDropHandle<()>,
}

impl Bridge {
    /// Carries what the first client of [`Bridge::socket`] says to `server`, and at most `most` bytes back.
    pub(crate) fn new(server: Stream, port: u16, most: u64) -> io::Result<Self> {
        let folder = TempDir::new()?;
        // Where clients of PostgreSQL look for it.
        let listener = UnixListener::bind(folder.path().join(format!(".s.PGSQL.{port}")))?;
        let full = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(carry(listener, server, most, Arc::clone(&full)));
        Ok(Self {
            folder,
            full,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// The folder of the socket.
    pub(crate) fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it ended because of how much came back.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }
}

async fn carry(listener: UnixListener, server: Stream, most: u64, full: Arc<AtomicBool>) {
    let Ok((client, _)) = listener.accept().await else {
        return;
    };
    drop(listener);
    if is_ours(&client) {
        let (mut said, mut heard) = client.into_split();
        let (from_server, mut to_server) = split(server);
        let mut from_server = from_server.take(most);
        let there = async {
            drop(copy(&mut said, &mut to_server).await);
            drop(to_server.shutdown().await);
        };
        let back = async {
            drop(copy(&mut from_server, &mut heard).await);
            full.store(from_server.limit() == 0, Ordering::Relaxed);
            drop(heard.shutdown().await);
        };
        tokio::select! {
            () = there => {}
            () = back => {}
        }
    }
}

/// Whether this process is at the other end.
fn is_ours(client: &UnixStream) -> bool {
    let other = client.peer_cred().ok().and_then(|who| who.pid());
    other.is_some_and(|pid| u32::try_from(pid) == Ok(std::process::id()))
}
