//! MCP over streamable HTTP: each agent has sessions of its own, which no other agent finds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::combinators::BoxBody;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::http::{Answer, problem};
use crate::mcp::Session;
use crate::owner::Owner;

/// Sessions of one agent at the same time.
const SESSIONS: usize = 64;

/// Large messages that one agent sends at the same time.
const LARGE: usize = 4;

/// How long a stream may be silent, so that nobody on the way takes it for dead.
const ALIVE: Duration = Duration::from_secs(15);

/// The sessions of all agents.
pub(super) struct Sessions {
    owner: Arc<Owner>,
    agents: Mutex<BTreeMap<String, Agent>>,
    calls: TaskTracker,
}

/// One agent's sessions.
#[derive(Clone)]
pub(super) struct Agent {
    service: StreamableHttpService<Session, LocalSessionManager>,
    sessions: Arc<LocalSessionManager>,
    gone: CancellationToken,
    beginning: Arc<tokio::sync::Mutex<()>>,
    large: Arc<Semaphore>,
}

impl Sessions {
    /// None yet. Those of agents that are kept out end.
    pub(super) fn new(owner: Arc<Owner>) -> Self {
        Self {
            owner,
            agents: Mutex::default(),
            calls: TaskTracker::new(),
        }
    }

    /// Ends all of them: what is under way has `patience`.
    pub(super) async fn end(&self, patience: Duration) {
        self.calls.close();
        drop(tokio::time::timeout(patience, self.calls.wait()).await);
        let agents = std::mem::take(&mut *self.agents());
        agents.into_values().for_each(|agent| agent.gone.cancel());
        drop(tokio::time::timeout(patience, self.calls.wait()).await);
    }

    /// What the agent called `name` has; it ends when that one may not come in any more.
    pub(super) fn of(&self, name: &str) -> Agent {
        let mut agents = self.agents();
        if let Some(agent) = agents.get(name).filter(|agent| !agent.gone.is_cancelled()) {
            return agent.clone();
        }
        let agent = self.begin(name);
        agents.insert(name.to_owned(), agent.clone());
        agent
    }

    fn begin(&self, name: &str) -> Agent {
        let gone = self.owner.door().gone(name);
        let sessions = Arc::new(LocalSessionManager::default());
        let config = StreamableHttpServerConfig::default()
            // Looked at for all routes alike, before this.
            .disable_allowed_hosts()
            .with_sse_keep_alive(Some(ALIVE))
            // One write where there is one message.
            .with_json_response(true)
            .with_max_request_body_bytes(usize::MAX)
            .with_cancellation_token(gone.clone());
        let (owner, calls) = (self.owner.clone(), self.calls.clone());
        let (name, ends) = (name.to_owned(), gone.clone());
        let begin = move || {
            Ok(Session::of_agent(
                owner.clone(),
                &name,
                ends.clone(),
                calls.clone(),
            ))
        };
        Agent {
            service: StreamableHttpService::new(begin, sessions.clone(), config),
            sessions,
            gone,
            beginning: Arc::default(),
            large: Arc::new(Semaphore::new(LARGE)),
        }
    }

    fn agents(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Agent>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Agent {
    /// Waits until this agent may send another large message.
    pub(super) async fn large(&self) -> Option<OwnedSemaphorePermit> {
        self.large.clone().acquire_owned().await.ok()
    }

    /// Answers a request of this agent, who was recognised; one that `begins` a session where there is room for one.
    pub(super) async fn answer(
        &self,
        request: Request<BoxBody<Bytes, std::convert::Infallible>>,
        begins: bool,
    ) -> Answer {
        // One after another, so that they are counted.
        let _counted = match begins {
            true => Some(self.beginning.lock().await),
            false => None,
        };
        if begins && self.sessions.sessions.read().await.len() >= SESSIONS {
            let says = "this agent has as many sessions as one may have; end one";
            return problem(StatusCode::TOO_MANY_REQUESTS, says);
        }
        self.service.handle(request).await
    }
}
