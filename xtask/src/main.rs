//! `cargo xtask demo|test|bench|mutations|check`: all that a fresh machine needs, no script to learn.
#![expect(
    clippy::disallowed_methods,
    reason = "a build tool: it runs cargo and reads its own environment"
)]

mod checks;
mod mutations;
mod steps;
mod transcript;
mod wasm;

use anyhow::Result;
use clap::{Parser, Subcommand};

use steps::{Steps, cargo};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Watch an invoice go through a signed, granted, metered skill; then watch refusals.
    Demo {
        /// Write what it prints into the README.
        #[arg(long)]
        write: bool,
    },
    /// Run every test.
    Test,
    /// Measure what the README's table states.
    Bench {
        /// Only benches whose name contains this.
        filter: Option<String>,
    },
    /// Take out one gate call at a time and see its test fail. Takes some minutes each.
    Mutations {
        /// Only those whose words contain this.
        filter: Option<String>,
    },
    /// Lint, format, licences, sources, advisories.
    Check,
}

fn main() -> Result<()> {
    let mut steps = Steps::new();
    let outcome = match Cli::parse().verb {
        Verb::Demo { write } => demo(&mut steps, write),
        Verb::Test => test(&mut steps),
        Verb::Bench { filter } => bench(&mut steps, filter.as_deref()),
        Verb::Mutations { filter } => mutations::run(&mut steps, filter.as_deref()),
        Verb::Check => checks::run(&mut steps),
    };
    steps.summary();
    outcome
}

fn demo(steps: &mut Steps, write: bool) -> Result<()> {
    wasm::build_skills(steps)?;
    wasm::build_guests(steps)?;
    steps.run(
        "build the host (the first time takes some minutes)",
        cargo().args([
            "build",
            "--release",
            "--package",
            "vouchsafe",
            "--package",
            "vouchsafe-demo",
            "--package",
            "vouchsafe-tlog",
        ]),
    )?;
    if write {
        return steps.step("demo, into the README", transcript::write);
    }
    steps.run(
        "demo",
        &mut std::process::Command::new(steps::built("vouchsafe-demo")),
    )
}

fn test(steps: &mut Steps) -> Result<()> {
    wasm::build_skills(steps)?;
    wasm::build_guests(steps)?;
    steps.run(
        "build the host and its tests (the first time takes some minutes)",
        cargo().args(["build", "--release", "--workspace", "--all-targets"]),
    )?;
    let nextest = steps::exists("cargo-nextest");
    let runner: &[&str] = if nextest {
        &["nextest", "run", "--no-fail-fast", "--status-level", "slow"]
    } else {
        &["test", "--no-fail-fast", "--lib", "--bins", "--tests"]
    };
    steps.run(
        "tests of the host",
        cargo().args(runner).args(["--release", "--workspace"]),
    )?;
    steps.run(
        "tests in the docs",
        cargo().args(["test", "--doc", "--release", "--workspace"]),
    )?;
    steps.run(
        "tests of the skills",
        cargo()
            .args(["test", "--release", "--manifest-path", "skills/Cargo.toml"])
            .args(["--target-dir", "target/skills"]),
    )?;
    steps.step("the README shows what the demo prints", transcript::check)
}

fn bench(steps: &mut Steps, filter: Option<&str>) -> Result<()> {
    wasm::build_skills(steps)?;
    wasm::build_guests(steps)?;
    steps.run(
        "build the host (the first time takes some minutes)",
        cargo().args(["build", "--release", "--package", "vouchsafe"]),
    )?;
    let mut command = cargo();
    command.args(["bench", "--package", "vouchsafe-benches"]);
    if let Some(filter) = filter {
        command.args(["--", filter]);
    }
    steps.run("benches", &mut command)
}
