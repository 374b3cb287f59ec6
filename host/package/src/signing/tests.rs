//! Signatures against what an attacker will try.

mod attestation;
mod forms;
mod keyless;
mod memory;
mod mini;
mod package;
mod public;
mod second_log;
