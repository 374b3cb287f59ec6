//! The owner's socket: who may connect, which mode follows, and when an idle owner ends.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use vouchsafe_ambient::files;

use crate::client::with_short_path;
use crate::control;
use crate::crowd::{Crowd, Member};
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

/// Connections at the same time, those included that have not said yet what they want. For more, those go that have
/// been silent longest; a session never is.
const CLIENTS: usize = SESSIONS + control::REQUESTS + 64;

/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// How long clients have to come to their end when the owner stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Listens on the owner's socket until `idle` has passed without a client, if it is given, or until stopped. Then
/// what is under way has a few seconds to end.
///
/// # Errors
/// When the socket can't be made.
pub(crate) async fn serve(owner: Arc<Owner>, idle: Option<Duration>) -> io::Result<()> {
    let listener = listen(&owner)?;
    let clients = TaskTracker::new();
    let crowd = Crowd::of(CLIENTS);
    let places = Places::default();
    let mut last_seen = std::time::Instant::now();
    let mut tidy = tokio::time::interval(TIDY_EVERY);
    loop {
        tokio::select! {
            stream = accept(&listener) => {
                last_seen = std::time::Instant::now();
                match crowd.enter() {
                    Some(member) => {
                        clients.spawn(client(owner.clone(), stream, member, places.clone()));
                    }
                    None => tracing::warn!("refused a client: something is under way for all"),
                }
            }
            () = tokio::time::sleep(IDLE_CHECK) => {
                if !clients.is_empty() {
                    last_seen = std::time::Instant::now();
                }
                if idle.is_some_and(|idle| last_seen.elapsed() >= idle) {
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

/// The next connection. An error is never the end: the next connection may do better.
async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
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

/// Room for sessions, and for requests that are under way.
#[derive(Clone)]
struct Places {
    sessions: Arc<Semaphore>,
    requests: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            sessions: Arc::new(Semaphore::new(SESSIONS)),
            requests: Arc::new(Semaphore::new(control::REQUESTS)),
        }
    }
}

async fn client(owner: Arc<Owner>, stream: UnixStream, member: Member, places: Places) {
    if let Err(error) = greet_and_serve(owner, stream, member, &places).await {
        tracing::debug!(%error, "a client went away");
    }
}

async fn greet_and_serve(
    owner: Arc<Owner>,
    stream: UnixStream,
    mut member: Member,
    places: &Places,
) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    if peer.uid() != rustix::process::geteuid().as_raw() {
        tracing::warn!(uid = peer.uid(), "refused a client of another user");
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let hello = tokio::select! {
        hello = tokio::time::timeout(GREETING, read_hello(&mut read)) => hello??,
        () = member.sent_away() => return Err(io::ErrorKind::ConnectionAborted.into()),
    };
    match hello.mode {
        Mode::Control => {
            welcome(&mut write, None).await?;
            control::serve(owner, peer.uid(), (read, write), member, &places.requests).await
        }
        Mode::Mcp => {
            let place = places.sessions.try_acquire();
            let full = "the owner has as many clients as it takes; end one and try again";
            let refused = place.is_err().then(|| full.to_owned());
            welcome(&mut write, refused).await?;
            if place.is_err() || !member.speaks() {
                return Err(io::Error::other(full));
            }
            mcp::serve(owner, peer.uid(), read, write).await
        }
    }
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
