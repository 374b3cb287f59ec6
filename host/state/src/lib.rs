//! What skills keep from call to call: the stores of `wasi:keyvalue`.
//!
//! A call sees its skill's stores as they were when it first looked, and its own writes on top. Its writes count when it
//! has succeeded: all of them, or none. Where another call has meanwhile changed what this one read, none do and the
//! call fails, so that two calls that each add one never make one of two. Writing takes a
//! [`Cleared`](vouchsafe_clearance::Cleared) whose intent is durable.
//!
//! One file for each skill and tenant holds all its stores, sealed under the host's keystore and replaced as a whole:
//! stores are small (8 MiB in all, by grant), and a crash leaves the old or the new content, never a part.

mod error;
mod file;
mod session;

pub use error::{NotKept, StateError};
pub use file::{Changes, States, Whose};
pub use session::Session;

/// Keys in one answer of a listing.
pub const PAGE: usize = 1000;

/// Longest key, in bytes.
pub const MAX_KEY: usize = 512;

/// What an entry takes besides the bytes of its key and value, so that empty ones are not free.
pub const ENTRY_BYTES: u64 = 64;
