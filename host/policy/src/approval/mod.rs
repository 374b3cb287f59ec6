//! Who has to say yes to a call: the tiers that its lines ask for, and the people whose yes would count.

mod approver;
mod people;
mod tier;
mod wanted;

pub use approver::{Approver, person};
pub use people::People;
pub use tier::Tier;
pub use wanted::{Asked, Wanted};

pub(crate) use wanted::Ask;

#[cfg(test)]
mod tests;
