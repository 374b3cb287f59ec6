//! `vouchsafe serve`: the listeners for agents and for probes.
//!
//! A connection is TLS, and says who is there by its certificate, or not yet. Each request is judged anew: the
//! certificate may have ended or been revoked, and the agent's role may be another one, since the connection began.

mod counts;
mod http;
mod own;
mod probe;
mod routes;
mod sessions;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use vouchsafe_identity::Peer;

use crate::agents::Listening;
use crate::owner::Owner;
use counts::{Counted, Counts, network};
use own::Own;
use sessions::Sessions;

/// Connections at the same time; more wait in the system's own queue.
const CONNECTIONS: usize = 1024;

/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a client may take for a request's head.
const HEAD: Duration = Duration::from_secs(10);

/// How long a connection lasts whose end nobody is known to be at.
const STRANGER: Duration = Duration::from_secs(30);

/// How long a connection lasts: a new one shows certificates anew.
const LONGEST: Duration = Duration::from_secs(3600);

/// Connections of one address, or one network of IPv6, that have shown no certificate.
const STRANGERS: usize = 32;

/// Connections of all who have shown none.
const ALL_STRANGERS: usize = 256;

/// Connections of one agent.
const OF_AN_AGENT: usize = 128;

/// Requests at the same time on one connection of HTTP/2.
const STREAMS: u32 = 64;

/// How long a connection that has to end may take for it.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// How long requests have to come to their end when the owner stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// The listeners of a host that serves.
pub(crate) struct Serving {
    agents: TcpListener,
    probe: Option<TcpListener>,
    own: Own,
    url: String,
}

impl Serving {
    /// Listens where the settings in force say.
    ///
    /// # Errors
    /// When an address can't be had, with the line that says so.
    pub(crate) async fn open(owner: &Owner) -> io::Result<Self> {
        let network = owner.network();
        let Some(name) = network.names.first() else {
            return Err(io::Error::other(format!(
                "vouchsafe.toml: `listen` is {}, and nothing says what agents call this host: add `names = [\"HOST\"]` to `[agents]`, then `vouchsafe apply`",
                network.listen
            )));
        };
        let url = format!("{}/mcp", crate::agents::url(name, network.listen.port()));
        let agents = listen(network.listen, "listen").await?;
        let probe = match network.probe {
            Some(address) => Some(listen(address, "probe").await?),
            None => None,
        };
        let listeners = [Some(&agents), probe.as_ref()].into_iter().flatten();
        let own: io::Result<Vec<_>> = listeners.map(TcpListener::local_addr).collect();
        owner.listens(Listening {
            own: own?,
            port: network.listen.port(),
            names: network.names.clone(),
        });
        Ok(Self {
            agents,
            probe,
            own: Own::default(),
            url,
        })
    }

    /// Where agents find it: `https://HOST:PORT/mcp`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Serves until the owner stops; then what is under way has a few seconds to end.
    pub(crate) async fn serve(self, owner: Arc<Owner>) {
        let clients = TaskTracker::new();
        let sessions = Arc::new(Sessions::new(owner.clone()));
        if let Some(probe) = self.probe {
            clients.spawn(probe::serve(owner.clone(), probe));
        }
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let strangers = Counts::of(STRANGERS);
        let all_strangers = Counts::of(ALL_STRANGERS);
        let of_agents = Counts::of(OF_AN_AGENT);
        loop {
            let place = places.clone().acquire_owned();
            let (stream, address, place) = tokio::select! {
                accepted = accept(&self.agents, place) => accepted,
                () = owner.stopping() => break,
            };
            let stranger = strangers.enter(network(address.ip()));
            let Some(stranger) = stranger.zip(all_strangers.enter(())) else {
                continue;
            };
            match self.own.config(&owner) {
                Ok(tls) => {
                    let client = Client {
                        owner: owner.clone(),
                        sessions: sessions.clone(),
                        of_agents: of_agents.clone(),
                    };
                    clients.spawn(client.serve(tls, stream, stranger, place));
                }
                Err(error) => tracing::error!(%error, "no certificate for this host"),
            }
        }
        drop(self.agents);
        clients.close();
        sessions.end(LAST_ANSWERS).await;
        if tokio::time::timeout(LAST_ANSWERS, clients.wait())
            .await
            .is_err()
        {
            tracing::warn!("connections were still open when the owner ended");
        }
    }
}

async fn listen(address: SocketAddr, key: &str) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener
        .map_err(|error| io::Error::other(format!("vouchsafe.toml: `{key}`, {address}: {error}")))
}

/// The next connection, once there is a place for it. An error is never the end.
async fn accept(
    listener: &TcpListener,
    place: impl Future<Output = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    let place = place.await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address, place),
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

/// One connection's end.
struct Client {
    owner: Arc<Owner>,
    sessions: Arc<Sessions>,
    of_agents: Arc<Counts<String>>,
}

impl Client {
    async fn serve(
        self,
        tls: Arc<rustls::ServerConfig>,
        stream: TcpStream,
        stranger: (Counted<IpAddr>, Counted<()>),
        _place: Option<OwnedSemaphorePermit>,
    ) {
        // Answers are small and somebody waits for each.
        drop(stream.set_nodelay(true));
        let handshake = tokio_rustls::TlsAcceptor::from(tls).accept(stream);
        let stream = match tokio::time::timeout(HANDSHAKE, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "a client did not get in"),
            Err(_) => return,
        };
        let certificate = stream.get_ref().1.peer_certificates();
        let peer = certificate
            .and_then(<[_]>::first)
            .map(|one| Peer::of(one))
            .transpose();
        let peer = match peer {
            Ok(peer) => peer,
            Err(error) => return tracing::warn!(%error, "a client's certificate"),
        };
        // Until here it was nobody's; from here on it is an agent's, or goes on as nobody's.
        let (_stranger, _of_agent) = match &peer {
            None => (Some(stranger), None),
            Some(peer) => {
                drop(stranger);
                let Some(of_agent) = self.of_agents.enter(peer.id.clone()) else {
                    return tracing::warn!(id = peer.id, "an agent has too many connections");
                };
                (None, Some(of_agent))
            }
        };
        if let Some(peer) = &peer
            && !tokio::task::block_in_place(|| self.owner.has_issued(peer))
        {
            return tracing::warn!(id = peer.id, "a certificate that this log has not issued");
        }
        let longest = peer.as_ref().map_or(STRANGER, |peer| {
            let left = peer.until.duration_since(vouchsafe_ambient::clock::now());
            LONGEST.min(Duration::try_from(left).unwrap_or_default())
        });
        let service = service_fn(|request| {
            let (owner, sessions) = (self.owner.clone(), self.sessions.clone());
            let peer = peer.clone();
            async move {
                Ok::<_, std::convert::Infallible>(
                    routes::answer(&owner, &sessions, peer.as_ref(), request).await,
                )
            }
        });
        let builder = builder();
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let mut changes = self.owner.door().changes();
        let old = tokio::time::sleep(longest);
        let mut old = std::pin::pin!(old);
        loop {
            tokio::select! {
                served = &mut connection => {
                    if let Err(error) = served {
                        tracing::debug!(%error, "a connection broke");
                    }
                    return;
                }
                () = &mut old => {
                    // Who does not take its answers has no say in how long that takes.
                    connection.as_mut().graceful_shutdown();
                    drop(tokio::time::timeout(GRACE, connection).await);
                    return;
                }
                () = self.owner.stopping() => {
                    connection.as_mut().graceful_shutdown();
                    drop(tokio::time::timeout(LAST_ANSWERS, connection).await);
                    return;
                }
                _ = changes.changed() => {
                    let out = peer.as_ref().map(|peer| self.owner.recognise(peer));
                    if let Some(Err(why)) = out {
                        return tracing::info!(%why, "closed a connection");
                    }
                }
            }
        }
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(16 << 10)
        .keep_alive_interval(Some(Duration::from_secs(20)));
    builder
}
