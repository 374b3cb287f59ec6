//! What is refused, each by another check, and what the operator is told.

use std::io::Write;

use anyhow::{Context, Result};

use crate::PROOF;
use crate::agent::Agent;
use crate::stage::Stage;

/// Exit code of `vouchsafe` for a refusal.
const REFUSED: i32 = 4;
/// Exit code for a tool that ran and failed.
const TOOL: i32 = 5;
/// Exit code of `diff` for more capabilities.
const MORE: i32 = 3;

/// Shows every refusal.
pub(crate) fn show(stage: &Stage, agent: &Agent) -> Result<()> {
    flipped_byte(stage)?;
    greedy_update(stage)?;
    write_during_read(stage)?;
    endless_loop(stage)?;
    edited_grant(stage)?;
    agent.is_kept_out(stage)?;
    stage.heading("All of it is in the log");
    stage.vouchsafe("audit show --limit 12", 0)?;
    stage.vouchsafe("audit verify", 0)?;
    Ok(())
}

fn flipped_byte(stage: &Stage) -> Result<()> {
    stage.heading("Refused: one byte of the component flipped");
    let mut bytes = std::fs::read(stage.path("invoice-intake.wasm"))?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("an empty component")? ^= 1;
    std::fs::write(stage.path("flipped.wasm"), bytes)?;
    stage.bring(
        &stage.path("invoice-intake.wasm.sigstore.json"),
        "flipped.wasm.sigstore.json",
    )?;
    stage.vouchsafe(&format!("install flipped.wasm --yes {PROOF}"), REFUSED)?;
    Ok(())
}

fn greedy_update(stage: &Stage) -> Result<()> {
    stage.heading("Refused: an update that asks for more stays off");
    guest(stage, "update-old")?;
    guest(stage, "update-new")?;
    stage.quietly(&format!("install update-old.wasm --yes {PROOF}"))?;
    stage.vouchsafe(
        "diff --grant home/config/grants/guests.update.toml update-new.wasm",
        MORE,
    )?;
    Ok(())
}

fn write_during_read(stage: &Stage) -> Result<()> {
    stage.heading("Refused: a tool declared `read` that tries to write");
    guest(stage, "writer-in-read")?;
    stage.quietly(&format!("install writer-in-read.wasm --yes {PROOF}"))?;
    stage.vouchsafe("call writer-in-read_post", TOOL)?;
    Ok(())
}

fn endless_loop(stage: &Stage) -> Result<()> {
    stage.heading("Cut: an endless loop, by its limits");
    guest(stage, "endless-loop")?;
    stage.quietly(&format!("install endless-loop.wasm --yes {PROOF}"))?;
    stage.vouchsafe("call endless-loop_run", TOOL)?;
    Ok(())
}

fn edited_grant(stage: &Stage) -> Result<()> {
    stage.heading("Refused: a grant edited behind the host's back");
    let grant = stage.path("home/config/grants/guests.update.toml");
    std::fs::OpenOptions::new()
        .append(true)
        .open(&grant)?
        .write_all(b"\n# an agent was here\n")?;
    stage.vouchsafe("call update_greet name=world", REFUSED)?;
    stage.vouchsafe("why guests:update greet", REFUSED)?;
    Ok(())
}

fn guest(stage: &Stage, name: &str) -> Result<()> {
    stage.brings_guest(name, PROOF)
}
