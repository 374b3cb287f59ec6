//! Language models, with instructions and data kept apart.
//!
//! ```text
//! prompt, slots --Models::judge--> Question --Models::ask--> Cleared<Part<Question>> --rendered--> sent
//! through vouchsafe_egress --> Reply --fits--> JSON for the skill, outcome for the log
//! ```
//!
//! INVARIANT (apart): what a call brings stands in the user's message, between boundaries that are drawn anew for each
//! request, as JSON strings in which no markup of a chat stands. What a skill's author signed is all that is said
//! besides, and the model is offered no tools.
//! INVARIANT (fits): what a skill hears is one JSON object that fits the schema that was signed with the prompt. What
//! does not fit is asked for again a few times, and is never passed on.

mod ask;
mod fence;
mod ledger;
mod prompt;
mod question;
mod reply;
mod tokens;

pub use ask::{Failure, Models};
pub use fence::{Boundary, fenced};
pub use ledger::Ledger;
pub use prompt::{Messages, render};
pub use question::{BadSlots, Question};
pub use reply::{Completion, Schema, Unfit, completion};
