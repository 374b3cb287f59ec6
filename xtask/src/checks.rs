//! The checks beside the tests: lints, format, licences and sources, advisories.

use anyhow::Result;

use crate::steps::{Steps, cargo, exists, root};

/// Pinned, so that a new release can't change what passes.
const CARGO_DENY: &str = "0.20.2";

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
    if !exists("cargo-deny") {
        let version = format!("cargo-deny@{CARGO_DENY}");
        steps.run(
            "install cargo-deny",
            cargo().args(["install", "--locked", "--quiet", &version]),
        )?;
    }
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
        if !exists("cargo-audit") {
            steps.run(
                "install cargo-audit",
                cargo().args(["install", "--locked", "--quiet", "cargo-audit"]),
            )?;
        }
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
