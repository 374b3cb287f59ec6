//! What happened: the tamper-evident log and its verifier.
//!
//! One write-ahead file of framed records, each RFC 8785 JSON, each chained to the one before it by hash.
//! The words for how safe a record is, the same in code and in documents:
//! - *recorded*: it has its place in the order, and nothing can be put before it ([`Log::append`]);
//! - *durable*: it is on stable storage and survives a power cut ([`Log::durable`]);
//! - *integrated*: it is a leaf of the log's tree, and can be proved ([`Log::receipt`]);
//! - *published*: a signed checkpoint that covers it lies beside its tiles ([`Log::publish`]).
//!
//! The life of a record: `append` gives it number, time and predecessor and hands it to the writer thread; the
//! writer writes what has gathered and syncs it once, while the next batch gathers; `durable` answers. Tree, tiles
//! and checkpoints follow ([`tree`]); nothing waits for them, and all of them can be made again from the records.
//! After a crash [`Log::open`] cuts what was never acknowledged, refuses what was damaged, and gives every
//! intent without an outcome an explicit `unknown`. Nothing is ever executed again.
//!
//! No payload stands in a record: inputs and outputs are commitments, people are pseudonyms. What is committed to lies
//! sealed beside the log, so that it can be erased: [`payloads`].

mod chain;
mod commitment;
mod entry;
mod error;
mod export;
mod frame;
mod log;
mod mark;
pub mod payloads;
mod record;
mod recover;
mod salts;
mod scan;
mod shelf;
pub mod storage;
mod survey;
mod tail;
mod tree;
mod verify;
mod writer;

pub use commitment::Commitment;
pub use entry::{
    Control, Entry, Intent, Outcome, Refusal, Resources, Seq, Status, Subject, Unknown, Why,
};
pub use error::{Bad, LogError};
pub use export::export;
pub use log::{HANDED_OVER, Log, LogKeys, Options, Recorded};
pub use record::{Kind, Record};
pub use scan::{Place, Records, records, records_from};
pub use shelf::{Shelf, TileError};
pub use tree::Failing;
pub use verify::{
    Expect, Fsck, Head, HeadError, Verification, VerifyError, fsck, verify, verify_on,
};
