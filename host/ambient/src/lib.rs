//! The one door to files, clock, environment and child processes.
//!
//! Every other crate is fenced off from `std::fs`, `std::env`, `Command` and the wall clock by
//! `clippy.toml`, so what the host can touch by itself is what this crate offers.
#![expect(
    clippy::disallowed_methods,
    reason = "this crate is the door that the fence names"
)]

pub mod child;
pub mod clock;
pub mod env;
pub mod files;
pub mod news;
