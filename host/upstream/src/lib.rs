//! Tools of external MCP servers, behind the gate of every other effect.
//!
//! ```text
//! name, input --Upstreams::judge--> Call --Upstreams::call--> Cleared<Part<Call>> --initialize, tools/list--> Definition
//! --EffectiveUpstream::accept--> Accepted --tools/call--> JSON for the skill, outcome for the log
//! ```
//!
//! INVARIANT (pinned): nothing is sent to a tool but after its server listed it, in the same exchange, as the operator
//! accepted it, to the byte. What was listed otherwise is kept to be read and compared, and is called by nobody.
//! INVARIANT (fits): what is sent is one JSON object that fits the accepted schema, and what comes back in a form that the
//! tool promises has it.
//! INVARIANT (stated): what a call does is what the grant says. What the server says of itself is pinned and believed in
//! nothing.
//!
//! The client is spoken here and not a library's: each message is a request that was cleared, and a client that opens
//! streams and connects again by itself would send what nobody has cleared.

mod call;
mod door;
mod event;
mod message;
mod schema;
mod session;
mod shelf;

pub use call::{BadInput, Call};
pub use door::{Failure, Upstreams};
pub use event::Events;
pub use message::{Broken, Reply, reply};
pub use schema::{Unfit, fits};
pub use shelf::Shelf;
