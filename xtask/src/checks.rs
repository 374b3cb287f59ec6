//! The checks beside the tests: lints, format, licences and sources, advisories.

use anyhow::Result;

use crate::steps::{Steps, cargo, exists, root};

/// Pinned, so that a new release can't change what passes.
const CARGO_DENY: &str = "0.20.2";
const CARGO_AUDIT: &str = "0.22.2";

/// Runs every check.
///
/// # Errors
/// The first check that fails.
pub(crate) fn run(steps: &mut Steps) -> Result<()> {
    steps.run("format", cargo().args(["fmt", "--all", "--check"]))?;
    steps.run(
        "clippy",
        cargo().args([
            "clippy",
            "--release",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    deny(steps)
}

fn deny(steps: &mut Steps) -> Result<()> {
    install(steps, "cargo-deny", CARGO_DENY)?;
    steps.run(
        "bans, licences, sources",
        cargo().args(["deny", "check", "bans", "licenses", "sources"]),
    )?;
    advisories(steps)
}

/// Checks advisories against a database: the one beside the checkout, or the public one.
/// Says so when neither can be had.
fn advisories(steps: &mut Steps) -> Result<()> {
    let beside = root().join("../shared/data/advisory-db");
    if beside.is_dir() {
        install(steps, "cargo-audit", CARGO_AUDIT)?;
        let mut audit = cargo();
        audit
            .args(["audit", "--no-fetch", "--stale", "--db"])
            .arg(beside);
        return steps.run("advisories", &mut audit);
    }
    let fetched = steps.run("advisories", cargo().args(["deny", "check", "advisories"]));
    if fetched.is_err() {
        eprintln!("advisories were not checked: no database here, and none could be fetched");
    }
    Ok(())
}

/// Installs a tool if it is absent, unoptimised: it runs once, and compiling it is what takes time.
fn install(steps: &mut Steps, tool: &str, version: &str) -> Result<()> {
    if exists(tool) {
        return Ok(());
    }
    let exactly = format!("{tool}@{version}");
    steps.run(
        &format!("install {tool}"),
        cargo().args(["install", "--locked", "--debug", "--quiet", &exactly]),
    )
}
