//! What an auditor does: first with us, then without.

use std::process::Command;

use anyhow::{Context, Result};
use vouchsafe_tests::{home, python, wasm};

use crate::stage::Stage;

/// Looks at the records and checks them.
pub(crate) fn checks(stage: &Stage) -> Result<()> {
    stage.heading("The log has it, and verifies");
    stage.vouchsafe("audit show", 0)?;
    stage.vouchsafe("audit verify", 0)?;
    Ok(())
}

/// Takes the whole log away, and checks it with programs that know nothing of its host.
pub(crate) fn checks_without_us(stage: &Stage) -> Result<()> {
    stage.heading("An auditor takes the log away and checks it without us");
    let key = stage.vouchsafe("audit key", 0)?;
    let key = key.trim();
    stage.vouchsafe("audit export taken-away", 0)?;
    let verifier = home::program().with_file_name("vouchsafe-verify");
    let typed = format!("log taken-away --key {key}");
    stage.other(
        Command::new(verifier),
        &format!("vouchsafe-verify {typed}"),
        &typed,
    )?;
    // Where this machine has no Python the story is told without it.
    let Ok(python) = python::program("python") else {
        return Ok(());
    };
    let script = wasm::root().join("tests/python/tlog.py");
    let mut command = Command::new(python);
    command.arg(&script);
    let typed = format!("taken-away {key}");
    let shown = format!("python tests/python/tlog.py {typed}   # aics-tlog, which others wrote");
    stage
        .other(command, &shown, &typed)
        .context("somebody else's verifier")
}
