//! `stop`: ends the owner process, if one runs.

use serde_json::json;
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::Request;

use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context) -> anyhow::Result<Code> {
    let owner = Client::connect_if_running(&context.home);
    let was_running = owner.is_some();
    if let Some(mut owner) = owner {
        owner.ask(&Request::Stop)?;
    }
    match (context.json, was_running) {
        (true, _) => output::print_json(&json!({ "stopped": was_running })),
        (false, true) => output::done("the owner process ends"),
        (false, false) => output::note("no owner process is running"),
    }
    Ok(Code::Done)
}
