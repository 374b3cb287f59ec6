//! Checks logs of Vouchsafe and receipts out of them, with nothing of the host in its tree: only hashes (RFC 6962),
//! tiles and proofs (C2SP tlog-tiles, tlog-proof), and signed notes (C2SP signed-note, tlog-checkpoint).
//!
//! The host's writer uses the same types to lay its tiles; what *checks* knows nothing of how things were made (see
//! [`merkle`]), and its answers are compared with other people's implementations in `tests/`.
//!
//! No text, file or proof makes this code panic, and none makes it hold more than one bundle of entries.

pub mod bundle;
pub mod directory;
pub mod hash;
pub mod merkle;
pub mod note;
pub mod receipt;
pub mod tile;
pub mod witness;

mod builder;
mod checkpoint;
mod lines;

pub use builder::{Builder, Whole};
pub use checkpoint::Checkpoint;
