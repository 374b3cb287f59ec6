//! What `cargo xtask demo` shows: an invoice goes through signed, granted, metered skills that an MCP client called,
//! with a record that verifies; its payment waits for a person; then what is refused, and why.
#![expect(
    clippy::disallowed_methods,
    reason = "the demo plays the people round the host: author, operator, agent, attacker"
)]

mod agent;
mod auditor;
mod booking;
mod payment;
mod refusals;
mod stage;

use anyhow::Result;
use vouchsafe_tests::bank::Bank;
use vouchsafe_tests::wasm;

use agent::Agent;
use stage::Stage;

/// The passphrase file that stands in for a person at a terminal.
const PROOF: &str = "--passphrase-file passphrase";

/// How a machine says that it can't show the ledger; the README is not held to what it prints then.
const LEFT_OUT: &str = "The ledger is left out";

fn main() -> Result<()> {
    let stage = Stage::fresh(&wasm::root().join("target/demo"))?;
    std::fs::write(stage.path("passphrase"), "a demo needs no better one\n")?;
    let outcome = story(&stage);
    drop(stage.command("stop").output());
    outcome
}

fn story(stage: &Stage) -> Result<()> {
    operator_sets_up(stage)?;
    author_signs(stage)?;
    operator_installs(stage)?;
    let agent = Agent::comes_in(stage)?;
    let invoice = agent.reads_the_invoice()?;
    auditor::checks(stage)?;
    let office = booking::Office::open();
    match &office {
        Ok(office) => office.books(stage, &agent, &invoice)?,
        Err(why) => anstream::println!("\n{LEFT_OUT}: {why}."),
    }
    let settings = office
        .as_ref()
        .map_or(String::new(), |office| office.settings(stage));
    let bank = Bank::open(payment::TOKEN);
    payment::waits_for_a_person(stage, &agent, &bank, &invoice, &settings)?;
    payment::goes_nowhere_else(stage, &bank)?;
    refusals::show(stage, &agent)?;
    auditor::has_it_witnessed(stage, PROOF)?;
    auditor::checks_without_us(stage)?;
    stage.heading("Look around");
    anstream::println!("export VOUCHSAFE_HOME={}", stage.path("home").display());
    anstream::println!("then: vouchsafe list | inspect | why | audit show | audit verify");
    Ok(())
}

fn operator_sets_up(stage: &Stage) -> Result<()> {
    stage.heading("The operator sets up a home, with a key that no agent can unlock");
    stage.vouchsafe(&format!("init {PROOF}"), 0)?;
    Ok(())
}

fn author_signs(stage: &Stage) -> Result<()> {
    stage.heading("The author packs and signs a skill");
    let source = wasm::skill_source("invoice-intake");
    let (manifest, wit) = (source.join("skill.toml"), source.join("wit"));
    stage.bring(&wasm::component("invoice-intake"), "component.wasm")?;
    stage.bring(&manifest, "skill.toml")?;
    std::os::unix::fs::symlink(wit, stage.path("wit"))?;
    stage.vouchsafe("pack component.wasm --output invoice-intake.wasm", 0)?;
    stage.vouchsafe(&format!("key new author {PROOF}"), 0)?;
    stage.vouchsafe(
        &format!("sign invoice-intake.wasm --key author.key {PROOF}"),
        0,
    )?;
    Ok(())
}

fn operator_installs(stage: &Stage) -> Result<()> {
    stage.heading("The operator says whom to trust, looks, and installs");
    let key = std::fs::read_to_string(stage.path("author.pub"))?;
    stage.write(
        "home/config/trust.toml",
        &format!(
            "[publishers.author]\nnamespaces = [\"vouchsafe-skills\", \"guests\"]\ntransparency = \"none\"\nkey = \"\"\"\n{key}\"\"\"\n"
        ),
    )?;
    stage.vouchsafe(&format!("apply --yes {PROOF}"), 0)?;
    stage.vouchsafe(&format!("install invoice-intake.wasm --yes {PROOF}"), 0)?;
    for skill in ["document-classifier", "sanitize-input"] {
        stage.brings_skill(skill, PROOF)?;
        stage.quietly(&format!("install {skill}.wasm --yes {PROOF}"))?;
    }
    Ok(())
}
