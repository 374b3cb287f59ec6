//! Credentials are used and never seen: not by the skill, a log, a record or an error. Against real servers on loopback.
#![cfg(test)]

#[expect(
    dead_code,
    reason = "shared with the tests of egress, which use all of it"
)]
#[path = "egress/dns.rs"]
mod dns;
#[path = "secrets/echo.rs"]
mod echo;
#[path = "secrets/keeping.rs"]
mod keeping;
#[path = "secrets/leases.rs"]
mod leases;
#[path = "secrets/manager.rs"]
mod manager;
#[path = "secrets/oauth.rs"]
mod oauth;
#[path = "secrets/parrot.rs"]
mod parrot;
#[path = "secrets/place.rs"]
mod place;
#[path = "secrets/placeholder.rs"]
mod placeholder;
#[path = "secrets/replay.rs"]
mod replay;
#[path = "secrets/sign_in.rs"]
mod sign_in;
#[path = "secrets/signed.rs"]
mod signed;
