//! Databases: which statement of a skill may run where, by which line of a grant, and how much of it. Pure.

mod admit;
pub(crate) mod bounds;
pub(crate) mod effective;

pub use admit::{Databases, Prepared};
pub use bounds::DatabaseBounds;
pub use effective::EffectiveDatabase;

#[cfg(test)]
mod tests;
