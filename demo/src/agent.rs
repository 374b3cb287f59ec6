//! The agent: an MCP client of the official SDK, elsewhere, over `vouchsafe connect`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use rmcp::model::CallToolResult;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use vouchsafe_tests::mcp::Session;
use vouchsafe_tests::{served, wasm};

use crate::PROOF;
use crate::stage::{Running, Stage};

/// What the agent is called.
pub(crate) const NAME: &str = "invoice-3";

/// What it may do.
const ROLE: &str = r#"role   = "clerk"
skills = ["read", "execute"]
tools  = ["vouchsafe-skills:*"]
"#;

/// An agent that has come in, and the host that it came to.
pub(crate) struct Agent {
    session: Session,
    runtime: Runtime,
    _host: Running,
    settings: String,
}

impl Agent {
    /// The operator lets it in, the host serves, and it comes.
    pub(crate) fn comes_in(stage: &Stage) -> Result<Self> {
        stage.heading("The operator lets an agent in over the network: a role, a name, an invitation that works once");
        stage.write("home/config/roles/clerk.toml", ROLE)?;
        stage.vouchsafe(&format!("agent add {NAME} --role clerk"), 0)?;
        let settings = format!("listen = \"127.0.0.1:{}\"\n", served::free_port());
        stage.write("home/config/vouchsafe.toml", &settings)?;
        stage.vouchsafe(&format!("apply --yes {PROOF}"), 0)?;
        stage.vouchsafe(
            &format!("agent invite {NAME} --output invitation {PROOF}"),
            0,
        )?;
        let (host, url) = serve(stage)?;

        stage.heading("The agent comes in, by a certificate of a day, and calls over MCP");
        let typed = format!("connect {url} --invitation invitation --state {NAME}");
        stage.typed(&typed);
        let runtime = Runtime::new()?;
        let session = runtime.block_on(Session::over(stage.command(&typed)));
        Ok(Self {
            session,
            runtime,
            _host: host,
            settings,
        })
    }

    /// What `vouchsafe.toml` says because of it.
    pub(crate) fn settings(&self) -> &str {
        &self.settings
    }

    /// Calls the installed skills with a real invoice, shows what comes back, and gives the typed invoice.
    pub(crate) fn reads_the_invoice(&self) -> Result<Json> {
        for tool in self.runtime.block_on(self.session.tools()) {
            anstream::println!("tools/list  {tool}");
        }
        let document = std::fs::read_to_string(invoice())?;
        let reply = self.calls("invoice-intake_extract", json!({ "document": document }))?;
        let output = reply.structured_content.context("no structured content")?;
        show(&output);
        let meta = serde_json::to_value(reply.meta)?;
        anstream::println!("_meta       {meta}");
        let text = json!({ "text": std::fs::read_to_string(invoice())? });
        self.asks("document-classifier_classify", text, &["kind"])?;
        // What a stranger wrote is cleaned before any model reads it.
        let notes = json!({ "text": output.pointer("/notes/0") });
        let told = ["was-sanitized", "alert", "text"];
        self.asks("sanitize-input_sanitize", notes, &told)?;
        Ok(output)
    }

    /// Calls `tool`, and tells that it did when the answer is there.
    pub(crate) fn calls(&self, tool: &str, arguments: Json) -> Result<CallToolResult> {
        let reply = self.waits_for(tool, arguments)?;
        anstream::println!("tools/call  {tool}");
        Ok(reply)
    }

    /// Calls `tool`, and tells nothing: something else is told meanwhile.
    pub(crate) fn waits_for(&self, tool: &str, arguments: Json) -> Result<CallToolResult> {
        Ok(self.runtime.block_on(self.session.call(tool, arguments))?)
    }

    /// The operator keeps it out.
    pub(crate) fn is_kept_out(&self, stage: &Stage) -> Result<()> {
        stage.heading("Kept out: the agent, at once");
        stage.vouchsafe(&format!("agent revoke {NAME}"), 0)?;
        let text = json!({ "text": "an invoice" });
        let after = self.session.call("document-classifier_classify", text);
        let after = self.runtime.block_on(after);
        ensure!(after.is_err(), "it still calls: {after:?}");
        anstream::println!("tools/call  document-classifier_classify: refused");
        Ok(())
    }

    /// Calls `tool` and shows the members of its answer that are called `told`.
    fn asks(&self, tool: &str, arguments: Json, told: &[&str]) -> Result<()> {
        let reply = self.calls(tool, arguments)?;
        let output = reply.structured_content.context("no structured content")?;
        let mut shown = output.as_object().cloned().context("no object")?;
        shown.retain(|name, _| told.contains(&name.as_str()));
        show(&Json::Object(shown));
        Ok(())
    }
}

/// Starts the host, and gives where it is.
fn serve(stage: &Stage) -> Result<(Running, String)> {
    stage.typed("serve");
    let mut command = stage.command("serve");
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut host = Running(command.stderr(Stdio::null()).spawn()?);
    let output = host.0.stdout.take().context("no output")?;
    let line = BufReader::new(output)
        .lines()
        .next()
        .context("it ended")??;
    anstream::println!("{line}");
    let url = line
        .strip_prefix("serving ")
        .and_then(|url| url.strip_suffix("/mcp"));
    let url = url.context("it does not say where")?.to_owned();
    Ok((host, url))
}

/// The invoice that the skill's own tests use.
fn invoice() -> std::path::PathBuf {
    wasm::skill_source("invoice-intake").join("fixtures/invoice.xml")
}

/// The members of the result, one a line, long ones cut.
pub(crate) fn show(output: &Json) {
    for (name, value) in output.as_object().into_iter().flatten() {
        let text = value.to_string();
        let short: String = text.chars().take(100).collect();
        let more = if short.len() < text.len() { " ..." } else { "" };
        anstream::println!("  {name:<18}{short}{more}");
    }
}
