//! Who calls: decided by the host from what it sees of the connection, never by what a client says.

use std::time::Duration;

use vouchsafe_policy::Principal;

/// A caller over the owner's socket, or an agent over the network.
#[derive(Debug, Clone)]
pub struct Caller {
    principal: Principal,
    patience: Duration,
}

impl Caller {
    /// The agents of the local user `uid`, known by their socket's peer credentials.
    pub fn local(uid: u32) -> Self {
        Self {
            principal: Principal::local(&format!("uid-{uid}")),
            patience: Duration::ZERO,
        }
    }

    /// The agent called `name`, with the role that the files in force give it.
    pub(crate) fn agent(name: &str, role: &str) -> Self {
        Self {
            principal: Principal::agent(name, role),
            patience: Duration::ZERO,
        }
    }

    /// The same, who leaves a call open for so long while people decide on it.
    #[must_use]
    pub fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How long a call stays open while people decide on it.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Who it is, for decisions and records.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}
