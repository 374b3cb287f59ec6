//! Credentials are used and never seen: not by the skill, a log, a record or an error. Against real servers on loopback.
#![cfg(test)]

#[path = "egress/authority.rs"]
mod authority;
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
#[path = "secrets/parrot.rs"]
mod parrot;
#[path = "secrets/place.rs"]
mod place;
