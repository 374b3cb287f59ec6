//! The one gate. An effect happens only with a [`Cleared`] in hand, and [`Clearance::clear`] alone
//! makes one, always in this order: policy, approval, intent recorded.
//!
//! ```text
//! Clearance::admit (rate)                                          before anything costs anything
//! decide -> Decision --Clearance::clear--> Cleared --door--> Cleared::finish -> outcome recorded
//!                                             \--dropped--> `unknown` recorded
//! ```
//!
//! INVARIANT (one end): every recorded intent gets exactly one outcome or one `unknown`, whatever
//! happens in between: cancellation, deadline, kill, panic.

mod action;
mod clearance;
mod cleared;
mod epoch;
mod refusal;

pub use action::{Action, Call};
pub use clearance::{Clearance, Rate};
pub use cleared::{Cleared, Conclusion};
pub use epoch::{Epoch, EpochGuard};
pub use refusal::{Code, Refusal};
