//! What a skill finds of its operator's making, and keeps of its own.
#![cfg(test)]

#[path = "state/kept.rs"]
mod kept;
#[path = "state/settings.rs"]
mod settings;
