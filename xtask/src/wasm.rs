//! Skills and guests as components, all in one target directory of their own.

use std::path::PathBuf;

use anyhow::Result;
use vouchsafe_build::Toolchain;

use crate::steps::{Steps, root};

/// Where components are built.
fn target() -> PathBuf {
    root().join("target").join("wasm")
}

/// Builds every skill in `skills/`.
pub(crate) fn build_skills(steps: &mut Steps) -> Result<()> {
    build(steps, "skills")
}

/// Builds every hostile or plain guest in `tests/guests/`.
pub(crate) fn build_guests(steps: &mut Steps) -> Result<()> {
    build(steps, "tests/guests")
}

fn build(steps: &mut Steps, workspace: &str) -> Result<()> {
    steps.step(&format!("build {workspace} for wasm32-wasip2"), || {
        let toolchain = Toolchain::find(&mut |line| eprintln!("    {line}"))?;
        toolchain.build(&root().join(workspace), &target())?;
        Ok(())
    })
}
