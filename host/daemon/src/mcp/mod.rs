//! MCP for agents, spoken through `rmcp` over the owner's socket.

mod handler;
mod intake;
mod outbox;
mod tools;
mod transport;

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rmcp::ServiceExt;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::asking::PATIENCE;
use crate::caller::Caller;
use crate::owner::Owner;
pub(crate) use handler::Session;
use transport::LineTransport;

/// Serves one MCP session until the client ends it or the owner stops: then nothing more is taken,
/// and what runs has a while to end before it is cancelled.
///
/// A session has a thread of its own. What it parses and converts holds up nobody else, and a call
/// passes from nobody to nobody on its way, which costs more than a small call itself.
///
/// # Errors
/// When there is no thread or descriptor left for it. A session that can't be initialised just ends.
pub(crate) async fn serve(
    owner: Arc<Owner>,
    uid: u32,
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
) -> io::Result<()> {
    let early = read.buffer().to_vec();
    let stream = read.into_inner().reunite(write).map_err(io::Error::other)?;
    let stream = stream.into_std()?;
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new()
        .name("session".to_owned())
        .spawn(move || {
            // Who waits for it may be gone.
            drop(ended.send(on_this_thread(owner, uid, early, stream)));
        })?;
    end.await.map_err(io::Error::other)?
}

fn on_this_thread(
    owner: Arc<Owner>,
    uid: u32,
    early: Vec<u8>,
    stream: UnixStream,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (read, write) = tokio::net::UnixStream::from_std(stream)?.into_split();
        let calls = TaskTracker::new();
        session(owner, uid, early, read, write, &calls).await;
        // Those that the end of the session has cancelled record it; they take no longer than that.
        calls.close();
        calls.wait().await;
        Ok(())
    })
}

async fn session(
    owner: Arc<Owner>,
    uid: u32,
    early: Vec<u8>,
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    calls: &TaskTracker,
) {
    let gone = CancellationToken::new();
    let _cancel_on_every_way_out = gone.clone().drop_guard();
    let stopping = CancellationToken::new();
    let session = Session::new(
        owner.clone(),
        Caller::local(uid).waiting(PATIENCE),
        gone.clone(),
        calls.clone(),
    );
    let read = io::Cursor::new(early).chain(read);
    let transport = LineTransport::new(read, write, gone.clone(), stopping.clone());
    let running = tokio::select! {
        started = session.serve(transport) => match started {
            Ok(running) => running,
            Err(error) => {
                tracing::debug!(%error, "an MCP session did not start");
                return;
            }
        },
        () = owner.stopping() => return,
    };
    let news = tokio::spawn(announce(owner.clone(), running.peer().clone()));
    let mut running = std::pin::pin!(running.waiting());
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = owner.stopping() => {
            stopping.cancel();
            running.await
        }
    };
    if let Err(error) = ended {
        tracing::warn!(%error, "an MCP session broke");
    }
    news.abort();
}

/// Tells the client whenever the set of tools has changed. A client that made no handshake is told
/// only what it subscribed to, by [`Session`].
async fn announce(owner: Arc<Owner>, peer: rmcp::Peer<rmcp::RoleServer>) {
    if peer.peer_info().is_none() {
        return;
    }
    let mut changes = owner.rule_changes();
    while changes.changed().await.is_ok() {
        if peer.notify_tool_list_changed().await.is_err() {
            return;
        }
    }
}
