//! Tools of external MCP servers: called as they were accepted, and otherwise by nobody. Against a scripted server on
//! loopback that does what real ones don't, and against the server of the protocol's Python package.
#![cfg(test)]

#[path = "upstream/accepted.rs"]
mod accepted;
#[path = "upstream/hostile.rs"]
mod hostile;
#[path = "upstream/house.rs"]
mod house;
#[path = "upstream/real.rs"]
mod real;
#[path = "upstream/server.rs"]
mod server;
