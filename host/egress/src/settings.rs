//! What an operator may choose about connections.

use std::net::SocketAddr;

/// How requests leave. The default takes everything from the system, and no variable of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The servers that names are looked up at; none for those of the system.
    pub dns: Vec<SocketAddr>,
    /// The proxy that every connection goes through; none for connections of our own.
    pub proxy: Option<SocketAddr>,
    /// Where this host itself listens, which no grant opens.
    pub own: Vec<SocketAddr>,
}
