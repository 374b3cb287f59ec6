//! The agent: an MCP client of the official SDK, over `vouchsafe mcp`.

use anyhow::{Context, Result};
use serde_json::{Value as Json, json};
use vouchsafe_tests::mcp::Session;
use vouchsafe_tests::wasm;

use crate::stage::Stage;

/// Calls the installed skills with a real invoice, shows what comes back, and gives the typed invoice.
pub(crate) fn calls_over_mcp(stage: &Stage) -> Result<Json> {
    stage.heading("An agent calls it over MCP (`vouchsafe mcp` on standard input and output)");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let session = Session::over(stage.command("mcp")).await;
        for tool in session.tools().await {
            anstream::println!("tools/list  {tool}");
        }
        let document = std::fs::read_to_string(invoice())?;
        let reply = session
            .call("invoice-intake_extract", json!({ "document": document }))
            .await?;
        anstream::println!("tools/call  invoice-intake_extract");
        let output = reply.structured_content.context("no structured content")?;
        show(&output);
        let meta = serde_json::to_value(reply.meta)?;
        anstream::println!("_meta       {meta}");
        let text = json!({ "text": std::fs::read_to_string(invoice())? });
        ask(&session, "document-classifier_classify", text, &["kind"]).await?;
        // What a stranger wrote is cleaned before any model reads it.
        let notes = json!({ "text": output.pointer("/notes/0") });
        let told = ["was-sanitized", "alert", "text"];
        ask(&session, "sanitize-input_sanitize", notes, &told).await?;
        session.end().await;
        Ok(output)
    })
}

/// Calls `tool` and shows the members of its answer that are called `told`.
async fn ask(session: &Session, tool: &str, arguments: Json, told: &[&str]) -> Result<()> {
    let reply = session.call(tool, arguments).await?;
    anstream::println!("tools/call  {tool}");
    let output = reply.structured_content.context("no structured content")?;
    let mut shown = output.as_object().cloned().context("no object")?;
    shown.retain(|name, _| told.contains(&name.as_str()));
    show(&Json::Object(shown));
    Ok(())
}

/// The invoice that the skill's own tests use.
fn invoice() -> std::path::PathBuf {
    wasm::skill_source("invoice-intake").join("fixtures/invoice.xml")
}

/// The members of the result, one a line, long ones cut.
fn show(output: &Json) {
    for (name, value) in output.as_object().into_iter().flatten() {
        let text = value.to_string();
        let short: String = text.chars().take(100).collect();
        let more = if short.len() < text.len() { " ..." } else { "" };
        anstream::println!("  {name:<18}{short}{more}");
    }
}
