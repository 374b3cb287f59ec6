//! What can go wrong between a skill's source and its component.

use std::path::PathBuf;

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// None of the ways to a toolchain is open on this machine.
    #[error(
        "no toolchain for `wasm32-wasip2`: run `rustup target add wasm32-wasip2`, or on Debian `apt-get install --no-install-recommends rustc-web rust-web-src wasi-libc` ({tried})"
    )]
    NoToolchain {
        /// What was tried, and why it did not do.
        tried: String,
    },
    /// A program that is needed could not be started.
    #[error("cannot run `{program}`: {source}")]
    Run {
        /// The program.
        program: String,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// There is no crate where one should be.
    #[error("no `Cargo.toml` in `{}`: name a skill's folder, or start one with `vouchsafe new NAMESPACE:NAME`", .0.display())]
    NoCrate(PathBuf),
    /// Cargo failed; what it said went to stderr.
    #[error("cargo could not build `{}`", .0.display())]
    Cargo(PathBuf),
    /// Cargo made no component of this crate.
    #[error("`{}` makes no component: its `Cargo.toml` needs `[lib] crate-type = [\"cdylib\", \"rlib\"]`", .0.display())]
    NoComponent(PathBuf),
    /// A name for a new skill that WIT would not take.
    #[error("`{0}` is not in kebab case, such as `pay-slips`")]
    Name(String),
    /// One component was asked for and the folder holds several.
    #[error("`{}` makes more than one component", .0.display())]
    Several(PathBuf),
}
