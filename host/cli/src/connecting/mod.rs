//! An agent's side of a host elsewhere: its certificate, the way in, and the bridge between that and a client.

mod bridge;
mod door;
mod membership;

pub(crate) use bridge::bridge;
pub(crate) use membership::Membership;
