//! Who calls: agents' certificates, the authority that issues them, and the tokens that bring an agent in.
//!
//! An agent has an X.509 certificate with one SPIFFE id, `spiffe://DOMAIN/agent/NAME`, for a day at most. It says who
//! the agent is and nothing of what it may do: that is its role's, in files that an operator applied. Nothing here
//! listens, asks a clock or remembers.
//!
//! ```text
//! operator's key --Invitation::sign--> token --Invitation::verify--> agent's name + request --Authority::issue--> certificate
//! certificate of a connection --Peer::of--> agent's name, serial number, end
//! ```

mod authority;
mod invitation;
mod peer;
mod tls;

pub use authority::{Authority, AuthorityError, Issued};
pub use invitation::{Invitation, InvitationError, Token};
pub use peer::{Peer, PeerError};
pub use tls::{ALPN, server};

/// The trust domain of the embedded authority's agents.
pub const DOMAIN: &str = "vouchsafe.internal";

/// The SPIFFE id of the agent called `name`.
#[must_use]
pub fn spiffe_id(name: &str) -> String {
    format!("spiffe://{DOMAIN}/agent/{name}")
}

/// The name of the agent whose SPIFFE id this is, if it is one of this host's.
#[must_use]
pub fn agent_of(id: &str) -> Option<&str> {
    let path = id.strip_prefix("spiffe://")?.strip_prefix(DOMAIN)?;
    let name = path.strip_prefix("/agent/")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}
