//! What leaves, leaves for where a grant says, as it says, and is in the log. Against real servers on loopback.
#![cfg(test)]

#[path = "egress/address.rs"]
mod address;
#[path = "egress/bounds.rs"]
mod bounds;
#[path = "egress/dns.rs"]
mod dns;
#[path = "egress/effect.rs"]
mod effect;
#[path = "egress/end.rs"]
mod end;
#[path = "egress/header.rs"]
mod header;
#[path = "egress/house.rs"]
mod house;
#[path = "egress/proxy.rs"]
mod proxy;
#[path = "egress/reuse.rs"]
mod reuse;
#[path = "egress/server.rs"]
mod server;
#[path = "egress/spelling.rs"]
mod spelling;
#[path = "egress/way.rs"]
mod way;
