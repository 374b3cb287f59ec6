//! Compiles skills to components: finds or makes a toolchain for `wasm32-wasip2`, and calls cargo.
//!
//! ```no_run
//! use vouchsafe_build::{Profile, Toolchain};
//! # fn main() -> Result<(), vouchsafe_build::BuildError> {
//! let toolchain = Toolchain::find(&mut |line| eprintln!("{line}"))?;
//! let component = toolchain.build("skills/invoice-intake".as_ref(), "target".as_ref(), Profile::Release)?;
//! # Ok(()) }
//! ```

mod cargo;
mod error;
mod source;
mod system;
pub mod template;
mod toolchain;

pub use cargo::{Component, Profile};
pub use error::BuildError;
pub use toolchain::{Toolchain, Way};

/// The target of every skill.
pub const TARGET: &str = "wasm32-wasip2";
