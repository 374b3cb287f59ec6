//! What happened: the tamper-evident log and its verifier.
//!
//! One write-ahead file of framed records, each RFC 8785 JSON, each chained to the one before it by hash.
//! The words for how safe a record is, the same in code and in documents:
//! - *recorded*: it has its place in the order, and nothing can be put before it ([`Log::append`]);
//! - *durable*: it is on stable storage and survives a power cut ([`Log::durable`]).
//!
//! The life of a record: `append` gives it number, time and predecessor and hands it to the writer thread; the
//! writer writes what has gathered and syncs it once, while the next batch gathers; `durable` answers.
//! After a crash [`Log::open`] cuts what was never acknowledged, refuses what was damaged, and gives every
//! intent without an outcome an explicit `unknown`. Nothing is ever executed again.
//!
//! No payload stands here: inputs and outputs are commitments, people are pseudonyms.

mod chain;
mod commitment;
mod entry;
mod error;
mod frame;
mod log;
mod record;
mod recover;
mod salts;
mod scan;
pub mod storage;
mod survey;
mod tail;
mod verify;
mod writer;

pub use commitment::Commitment;
pub use entry::{
    Control, Entry, Intent, Outcome, Refusal, Resources, Seq, Status, Subject, Unknown, Why,
};
pub use error::{Bad, LogError};
pub use log::{Log, LogKeys, Options, Recorded};
pub use record::{Kind, Record};
pub use scan::{Records, records};
pub use verify::{Head, HeadError, Verification, VerifyError, verify, verify_on};
