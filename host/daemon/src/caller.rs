//! Who calls: decided by the host from what it sees of the connection, never by what a client says.

/// A caller over the owner's socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    id: String,
}

impl Caller {
    /// The agents of the local user `uid`, known by their socket's peer credentials.
    pub fn local(uid: u32) -> Self {
        Self {
            id: format!("local:{uid}"),
        }
    }

    /// The caller's name, before it is made pseudonymous for the log.
    pub fn id(&self) -> &str {
        &self.id
    }
}
