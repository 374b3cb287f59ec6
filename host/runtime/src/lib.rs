//! The one place that knows wasmtime: compiles skills, runs calls, and holds every limit.
//!
//! A call gets a fresh instance, so nothing passes from one call to the next but what a store of
//! the host keeps. An interrupted instance is thrown away and never entered again.

#[cfg(test)]
extern crate self as vouchsafe_runtime; // for what tests in and beside the crate share

mod cache;
mod call;
mod compile;
mod door;
mod engine;
mod error;
mod files;
mod guests;
mod imports;
mod limits;
mod lines;
mod meter;
mod nested;
mod pace;
mod run;
mod settings;
mod skill;
mod state;
#[cfg(test)]
mod tests;
mod types;
mod val;

pub use call::{Answer, Completed, Ends};
pub use compile::child::compile_child_main;
pub use door::Refused;
pub use engine::{Engine, engine_config};
pub use error::{CallError, CompileError, LoadError};
pub use files::Disk;
pub use lines::{Line, Lines, Source};
pub use nested::{Asked, Callees, Heard, NotHeard};
pub use run::Usage;
pub use settings::Settings;
pub use skill::Skill;
