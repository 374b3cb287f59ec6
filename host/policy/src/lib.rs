//! What is allowed: grants, roles, decisions. Pure.
//!
//! Nothing here opens a file, asks a clock or remembers. Proposals come in as bytes and go out as
//! [`InForce`]; a verified skill and what is in force make a [`Granted`]; a request to it makes a
//! [`Decision`]:
//!
//! ```text
//! files --Proposal--> signed statement --InForce::accept--> InForce
//! Verified + InForce --Granted::new--> Granted --decide--> Allow(Permit) | NeedsPerson | Deny
//! ```
//!
//! INVARIANT (meet): [`effective()`] is never wider than what the skill declares, nor than what the
//! operator granted.
//! INVARIANT (loud): a line of a file is enforced, or it is an error, or [`Grant::notices`] says
//! what it does not do yet.

pub mod decide;
pub mod effective;
#[cfg(test)]
mod fixture;
pub mod grant;
mod granted;
mod place;
pub mod role;
pub mod route;

pub use decide::{Decision, Line, Permit, Request};
pub use effective::{Effective, EffectiveHttp, EffectiveTool, Mismatch};
pub use grant::{Grant, Notice};
pub use place::{At, Fault, Place};
pub use role::{Principal, Role};
