//! Signatures against what an attacker will try.

mod keyless;
mod memory;
mod mini;
mod package;
mod public;
