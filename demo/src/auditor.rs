//! What an auditor does: first with us, then without.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use vouchsafe_tests::{home, python, wasm};

use crate::stage::{Running, Stage};

/// Looks at the records and checks them.
pub(crate) fn checks(stage: &Stage) -> Result<()> {
    stage.heading("The log has it, and verifies");
    stage.vouchsafe("audit show", 0)?;
    stage.vouchsafe("audit verify", 0)?;
    Ok(())
}

/// Somebody else signs for what the log is, and remembers it.
pub(crate) fn has_it_witnessed(stage: &Stage, proof: &str) -> Result<()> {
    stage.heading(
        "Somebody else's host signs for what the log is, and will know if it is ever another",
    );
    stage.quietly(&format!("key new witness --ed25519 {proof}"))?;
    let log = stage.command("audit key").output()?.stdout;
    let log = String::from_utf8(log)?;
    let typed = format!(
        "witness --key witness.key {proof} --name witness.example/one --log {} --state witnessed --listen 127.0.0.1:0",
        log.trim()
    );
    let mut witness = Running(stage.command(&typed).stdout(Stdio::piped()).spawn()?);
    let output = witness.0.stdout.take().context("no output")?;
    let mut lines = BufReader::new(output).lines();
    let mut said = || -> Result<String> {
        let line = lines.next().context("it ended")??;
        Ok(line
            .split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned())
    };
    let (key, url) = (said()?, said()?);
    stage.vouchsafe(&format!("audit cosign {url} --witness {key}"), 0)?;
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
