//! `mcp`: a plain byte bridge between standard input and output and the owner, which speaks MCP.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;

use rustix::io::retry_on_intr;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::env;
use vouchsafe_daemon::client;
use vouchsafe_daemon::protocol::Mode;

use crate::args::{Mcp, McpClient};
use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context, args: &Mcp) -> anyhow::Result<Code> {
    match args.print {
        Some(client) => print(client, arguments(context)),
        None => bridge(context),
    }
}

/// Copies bytes both ways. The end of input ends the session; the end of the session ends the bridge.
fn bridge(context: &Context) -> anyhow::Result<Code> {
    let socket = client::open(&context.home, context.starter(), Mode::Mcp)?;
    let to_owner = socket.try_clone()?;
    std::thread::spawn(move || {
        let outcome = copy(rustix::stdio::stdin(), &to_owner);
        // Half-closing lets answers that are under way still come back.
        drop(to_owner.shutdown(Shutdown::Write));
        outcome
    });
    copy(&socket, rustix::stdio::stdout())?;
    Ok(Code::Done)
}

/// Passes on what comes, as it comes. Rust's own streams would look for lines in it, and its own
/// copying splices, which is dear for messages.
fn copy(from: impl AsFd, to: impl AsFd) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = retry_on_intr(|| rustix::io::read(&from, &mut *buffer))?;
        let mut rest = buffer.get(..read).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        while !rest.is_empty() {
            let written = retry_on_intr(|| rustix::io::write(&to, rest))?;
            let left = rest.get(written..).filter(|_| written > 0);
            rest = left.ok_or(io::ErrorKind::WriteZero)?;
        }
    }
}

/// The configuration by which `client` starts this program with `arguments`.
pub(crate) fn print(client: McpClient, arguments: Vec<String>) -> anyhow::Result<Code> {
    let program = env::current_program()?.display().to_string();
    output::note(place(client));
    match client {
        McpClient::Claude => output::print_json(&json!({
            "mcpServers": { "vouchsafe": { "command": program, "args": arguments } },
        })),
        McpClient::Vscode => output::print_json(&json!({
            "servers": { "vouchsafe": { "type": "stdio", "command": program, "args": arguments } },
        })),
        McpClient::Codex => output::line(format!(
            "[mcp_servers.vouchsafe]\ncommand = {}\nargs = {}",
            Json::from(program),
            Json::from(arguments),
        )),
    }
    Ok(Code::Done)
}

/// Where a client reads it; to standard error, so that what is printed can be taken as it is.
fn place(client: McpClient) -> &'static str {
    match client {
        McpClient::Claude => "for `.mcp.json` in your project, or `claude_desktop_config.json`",
        McpClient::Vscode => "for `.vscode/mcp.json` in your project",
        McpClient::Codex => "for `~/.codex/config.toml`",
    }
}

fn arguments(context: &Context) -> Vec<String> {
    let mut arguments = vec!["mcp".to_owned()];
    arguments.extend(context.home_arguments());
    arguments
}
