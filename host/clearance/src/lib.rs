//! The one gate: policy, approval, intent, [`Cleared`], outcome.
//!
//! ```text
//! Clearance::admit --Admitted--> (policy is read and decides) --Clearance::clear--> Cleared<A> --finish--> outcome
//! ```
//!
//! INVARIANT (order): rate limit, then policy, then approval, then the recorded intent; only then is there a
//! [`Cleared`], and nothing has an effect without one.
//! INVARIANT (one end): each intent has exactly one outcome or `unknown`. Dropping a [`Cleared`] in whatever way
//! (cancel, deadline, kill, panic) records the latter.
//! INVARIANT (epoch): [`Admitted`] pins the epoch before policy is read, so what was decided under older rules never
//! passes a door after [`Epoch::advance`] has returned and its guards are gone.
//! INVARIANT (no waiting): advancing the epoch, refusing and giving up never wait for the log.

mod action;
mod approval;
mod cleared;
mod effect;
mod epoch;
mod gate;
mod limit;
mod queue;
mod refusal;
mod refusals;

pub use action::{Action, Call, Facts, Within};
pub use approval::Approval;
pub use cleared::{Cleared, Ending};
pub use effect::{About, EffectGate, EffectKind, Part};
pub use epoch::{Advanced, Epoch, Guard, StillHeld};
pub use gate::{Admitted, Clearance};
pub use limit::RateLimit;
pub use queue::{
    Asking, Caps, Counted, Found, Keeper, Kept, Moment, NotCounted, Queue, Standing, Voted, Waits,
};
pub use refusal::{Code, Refusal};
