//! What a person decides: who is asked, what exactly is shown, and which signed words count.
//!
//! ```text
//! lines that ask --People--> Wanted --(shown as an ApprovalRequest, signed as a Vote)--> Wanted::is_met
//! ```

mod approver;
mod people;
mod request;
mod text;
mod tier;
mod vote;
mod wanted;

pub use approver::{Approver, person};
pub use people::People;
pub use request::{ApprovalId, ApprovalRequest, Argument, RequestFault};
pub use text::{Heard, text};
pub use tier::Tier;
pub use vote::{PAYLOAD_TYPE, Says, Vote, VoteError, VoteStatement};
pub use wanted::{Asked, Wanted};

pub(crate) use wanted::Ask;

#[cfg(test)]
mod tests;
