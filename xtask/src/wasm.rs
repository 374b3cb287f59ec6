//! Skills and guests as components, all in one target directory of their own.

use std::path::PathBuf;

use anyhow::Result;
use vouchsafe_build::{Profile, Toolchain};

use crate::steps::{Steps, root};

/// Builds every skill in `skills/`.
pub(crate) fn build_skills(steps: &mut Steps) -> Result<()> {
    build(steps, "skills")
}

/// Builds every plain or hostile guest in `tests/guests/`.
pub(crate) fn build_guests(steps: &mut Steps) -> Result<()> {
    build(steps, "tests/guests")
}

fn build(steps: &mut Steps, workspace: &str) -> Result<()> {
    steps.step(&format!("build {workspace} for wasm32-wasip2"), || {
        let toolchain = Toolchain::find(&mut |line| eprintln!("    {line}"))?;
        toolchain.build_all(&root().join(workspace), &target(), Profile::Release)?;
        Ok(())
    })
}

/// One directory, so that the standard library is compiled at most once.
fn target() -> PathBuf {
    root().join("target").join("wasm")
}
