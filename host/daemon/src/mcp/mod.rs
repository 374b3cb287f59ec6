//! MCP for agents, spoken through `rmcp` over the owner's socket.

mod handler;
mod intake;
mod outbox;
mod tools;
mod transport;

use std::io;
use std::sync::Arc;

use rmcp::ServiceExt;
use tokio::io::BufReader;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::sync::CancellationToken;

use crate::caller::Caller;
use crate::owner::Owner;
use handler::Session;
use transport::LineTransport;

/// Serves one MCP session until the client ends it or the owner stops: then nothing more is taken,
/// and what runs has a while to end before it is cancelled.
///
/// # Errors
/// None so far; a session that can't be initialised just ends.
pub(crate) async fn serve(
    owner: Arc<Owner>,
    uid: u32,
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
) -> io::Result<()> {
    let gone = CancellationToken::new();
    let _cancel_on_every_way_out = gone.clone().drop_guard();
    let stopping = CancellationToken::new();
    let session = Session::new(owner.clone(), Caller::local(uid), gone.clone());
    let transport = LineTransport::new(read, write, gone.clone(), stopping.clone());
    let running = tokio::select! {
        started = session.serve(transport) => match started {
            Ok(running) => running,
            Err(error) => {
                tracing::debug!(%error, "an MCP session did not start");
                return Ok(());
            }
        },
        () = owner.stopping() => return Ok(()),
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
    Ok(())
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
