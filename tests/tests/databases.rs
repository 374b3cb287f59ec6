//! A database is asked what was signed, with values beside it, by who signed in for the call. Against a real PostgreSQL.
#![cfg(test)]

#[path = "databases/apart.rs"]
mod apart;
#[path = "databases/bounds.rs"]
mod bounds;
#[path = "databases/house.rs"]
mod house;
#[path = "databases/login.rs"]
mod login;
#[path = "databases/reads.rs"]
mod reads;
#[path = "databases/recorded.rs"]
mod recorded;
