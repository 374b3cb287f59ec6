//! Who calls: decided by the host from what it sees of the connection, never by what a client says.

use vouchsafe_policy::Principal;

/// A caller over the owner's socket.
#[derive(Debug, Clone)]
pub struct Caller {
    principal: Principal,
}

impl Caller {
    /// The agents of the local user `uid`, known by their socket's peer credentials.
    pub fn local(uid: u32) -> Self {
        Self {
            principal: Principal::local(&format!("uid-{uid}")),
        }
    }

    /// Who it is, for decisions and records.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}
