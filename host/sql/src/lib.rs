//! Databases: a skill's signed statements, with values bound to them, each in a transaction of its own.
//!
//! INVARIANT (said by the author): what a database is asked is a statement of the signed manifest. What a guest says goes
//! beside it, as parameters (the extended protocol of PostgreSQL), and is never part of its text.
//!
//! INVARIANT (reads read): a statement that is declared to read runs in a transaction that the database holds to reading.

mod bridge;
mod connection;
mod failure;
mod run;
mod value;

pub use failure::Failure;
pub use run::Databases;
pub use value::{Rows, Value};
