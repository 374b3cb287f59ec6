//! The only door out: what a skill sends over HTTP, and to where.
//!
//! ```text
//! request --Requests::judge--> Outgoing --Requests::send--> Cleared<Part<Outgoing>> --durable--> resolved,
//! checked, dialled --still valid--> sent --> Response<Received> --read to its end--> outcome
//! ```
//!
//! INVARIANT (cleared): nothing is resolved, dialled or sent but for a [`Cleared`] whose intent is durable.
//! INVARIANT (one address): what is dialled is an address that was checked, and the answer that it stands in held no
//! other that would be refused. A name is resolved once for each connection.
//! INVARIANT (no echo): what comes back to a request that carried a credential is watched for it, and ends there.
//! INVARIANT (no detour): no variable of the environment, no redirect and no header of a guest changes where a
//! request goes.
//!
//! [`Cleared`]: vouchsafe_clearance::Cleared

mod budget;
mod credential;
mod dial;
mod egress;
mod failure;
mod open;
mod outgoing;
mod pool;
mod received;
mod requests;
mod resolve;
mod sent;
mod settings;
mod tls;
mod token;
mod tunnel;
mod wire;

pub use dial::Stream;
pub use egress::{Egress, StartError};
pub use failure::{Failure, Refused};
pub use outgoing::Outgoing;
pub use received::Received;
pub use requests::{Requests, Timeouts};
pub use sent::BodyError;
pub use settings::Settings;
pub use wire::Body;
