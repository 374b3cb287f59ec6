//! What is allowed: grants, roles, decisions. Pure.
//!
//! Nothing here opens a file, asks a clock or remembers. Proposals come in as bytes and go out as
//! [`InForce`]; a verified skill and what is in force make a [`Granted`]; a request to it makes a
//! [`Decision`]:
//!
//! ```text
//! files --Proposal--> signed statement --InForce::accept--> InForce
//! Verified + InForce --Granted::new--> Granted --decide--> Allow(Permit) | NeedsPerson(Asked) | Deny
//! ```
//!
//! INVARIANT (meet): [`effective()`] is never wider than what the skill declares, nor than what the
//! operator granted.
//! INVARIANT (no more): a policy takes away and never permits; one that can't be evaluated has matched.
//! INVARIANT (told): no value of a converted file is dropped: it became a line, or it is told why not.
//! INVARIANT (loud): a line of a file is enforced, or it is an error, or [`Grant::notices`] says
//! what it does not do yet.

pub mod agent;
pub mod apply;
pub mod approval;
pub mod callee;
pub mod cedar;
pub mod compare;
pub mod convert;
pub mod decide;
pub mod effective;
#[cfg(test)]
mod fixture;
pub mod grant;
pub mod granted;
pub mod http;
mod judge;
pub mod lookalike;
pub mod model;
mod place;
pub mod role;
pub mod route;
pub mod settings;
pub mod sql;
mod token;
pub mod upstream;
pub mod way;
pub mod why;

pub use agent::Agent;
pub use apply::{Change, Content, Files, InForce, Mark, Proposal, Refused, Since, changes};
pub use approval::{Asked, People, Wanted};
pub use compare::{Comparison, Incomparable, Rules, compare};
pub use decide::{Decision, Permit, Request, Within, decide, decide_within, may_ask};
pub use effective::{Effective, EffectiveHttp, EffectiveTool, effective};
pub use grant::{Grant, Notice};
pub use granted::{Granted, NotGranted, policies_fit};
pub use judge::Line;
pub use model::{EffectiveModel, ModelBounds, Models};
pub use place::{At, Fault, Faults, Place, amend};
pub use role::{Principal, Role};
pub use settings::Settings;
pub use sql::{DatabaseBounds, Databases, EffectiveDatabase};
pub use token::EffectiveToken;
pub use upstream::{EffectiveUpstream, Upstreams};
pub use way::Way;
pub use why::{Answer, Explanation, why};
