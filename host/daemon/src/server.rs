//! The owner's socket: who may connect, which mode follows, and when an idle owner ends.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use vouchsafe_ambient::files;

use crate::client::with_short_path;
use crate::control::{self, Idle};
use crate::mcp;
use crate::owner::Owner;
use crate::protocol::{Hello, Mode, VERSION, Welcome};

/// The longest greeting, in bytes.
const MAX_HELLO: u64 = 1024;

/// How long a client may take to greet.
const GREETING: Duration = Duration::from_secs(5);

/// How often an owner without clients looks whether it should end.
const IDLE_CHECK: Duration = Duration::from_millis(500);

/// How often refusals that were only counted are recorded.
const TIDY_EVERY: Duration = Duration::from_secs(10);

/// MCP sessions at the same time; more are refused.
const SESSIONS: usize = 128;

/// Control connections at the same time, with those that have not said yet what they want. Where there are more, the
/// one that has asked nothing for the longest makes room.
const CONTROLS: usize = 192;

/// Connections at the same time; more wait to be accepted.
const CLIENTS: usize = SESSIONS + CONTROLS;

/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// How long clients have to come to their end when the owner stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Listens on the owner's socket until `idle` has passed without a client, or until stopped. Then
/// what is under way has a few seconds to end.
///
/// # Errors
/// When the socket can't be made.
pub(crate) async fn serve(owner: Arc<Owner>, idle: Duration) -> io::Result<()> {
    let listener = listen(&owner)?;
    let clients = TaskTracker::new();
    let slots = Arc::new(Semaphore::new(CLIENTS));
    let places = Places::default();
    let mut last_seen = std::time::Instant::now();
    let mut tidy = tokio::time::interval(TIDY_EVERY);
    loop {
        tokio::select! {
            (slot, stream) = accept(&listener, &slots, &places.idle) => {
                last_seen = std::time::Instant::now();
                let served = client(owner.clone(), stream, places.clone());
                clients.spawn(async move {
                    served.await;
                    drop(slot);
                });
            }
            () = tokio::time::sleep(IDLE_CHECK) => {
                if !clients.is_empty() {
                    last_seen = std::time::Instant::now();
                }
                if last_seen.elapsed() >= idle {
                    break;
                }
            }
            _ = tidy.tick() => owner.tidy(),
            () = owner.stopping() => break,
        }
    }
    // The name goes first, so that a client that comes now starts a new owner.
    drop(files::remove(&owner.home().socket()));
    drop(listener);
    clients.close();
    if tokio::time::timeout(LAST_ANSWERS, clients.wait())
        .await
        .is_err()
    {
        tracing::warn!("calls were still running when the owner ended");
    }
    let given_back = tokio::time::timeout(LAST_ANSWERS, owner.secrets().end());
    if given_back.await.is_err() {
        tracing::warn!(
            "what is on lease at the secrets manager was not given back; it ends by itself"
        );
    }
    Ok(())
}

/// The next connection and its slot. An error is never the end: the next connection may do better.
async fn accept(
    listener: &UnixListener,
    slots: &Arc<Semaphore>,
    idle: &Idle,
) -> (Option<OwnedSemaphorePermit>, UnixStream) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if slots.available_permits() == 0 {
                    idle.end_longest();
                }
                return (slots.clone().acquire_owned().await.ok(), stream);
            }
            Err(error) => {
                tracing::warn!(%error, "can't accept a client");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

fn listen(owner: &Owner) -> io::Result<UnixListener> {
    let socket = owner.home().socket();
    files::remove(&socket).map_err(io::Error::other)?;
    let listener = with_short_path(&socket, |path| std::os::unix::net::UnixListener::bind(path))?;
    restrict(&socket)?;
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the socket's own mode, set once where it is made"
)]
fn restrict(socket: &std::path::Path) -> io::Result<()> {
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))
}

/// Room for sessions, and the control connections that ask nothing.
#[derive(Clone)]
struct Places {
    sessions: Arc<Semaphore>,
    idle: Idle,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            sessions: Arc::new(Semaphore::new(SESSIONS)),
            idle: Idle::default(),
        }
    }
}

async fn client(owner: Arc<Owner>, stream: UnixStream, places: Places) {
    if let Err(error) = greet_and_serve(owner, stream, &places).await {
        tracing::debug!(%error, "a client went away");
    }
}

async fn greet_and_serve(owner: Arc<Owner>, stream: UnixStream, places: &Places) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    if peer.uid() != rustix::process::geteuid().as_raw() {
        tracing::warn!(uid = peer.uid(), "refused a client of another user");
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let hello = tokio::time::timeout(GREETING, read_hello(&mut read)).await??;
    if hello.mode == Mode::Control {
        welcome(&mut write, None).await?;
        return control::serve(owner, peer.uid(), read, write, &places.idle).await;
    }
    let Ok(_place) = places.sessions.clone().try_acquire_owned() else {
        let why = "the owner has as many clients as it takes; end one and try again";
        welcome(&mut write, Some(why.to_owned())).await?;
        return Err(io::Error::other(why));
    };
    welcome(&mut write, None).await?;
    mcp::serve(owner, peer.uid(), read, write).await
}

async fn read_hello(read: &mut BufReader<OwnedReadHalf>) -> io::Result<Hello> {
    let mut line = Vec::new();
    read.take(MAX_HELLO).read_until(b'\n', &mut line).await?;
    let hello: Hello = serde_json::from_slice(&line).map_err(io::Error::other)?;
    if hello.vouchsafe != VERSION {
        return Err(io::Error::other("the client speaks another version"));
    }
    Ok(hello)
}

async fn welcome(write: &mut OwnedWriteHalf, refused: Option<String>) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Welcome {
        vouchsafe: VERSION,
        pid: std::process::id(),
        refused,
    })
    .map_err(io::Error::other)?;
    line.push(b'\n');
    write.write_all(&line).await
}
