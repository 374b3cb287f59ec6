//! Language models: which one a prompt goes to, by which line of a grant, and how much of it. Pure.

mod admit;
pub(crate) mod bounds;
pub(crate) mod effective;

pub use admit::{Asking, Models};
pub use bounds::{ModelBounds, TRIES};
pub use effective::EffectiveModel;

#[cfg(test)]
mod tests;
