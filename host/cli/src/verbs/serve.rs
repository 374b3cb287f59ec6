//! `serve`: the owner process as a host that agents reach over the network.

use serde_json::json;
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::{Failure, Request};

use crate::context::Context;
use crate::exit::Code;
use crate::output;

/// An owner that was started for a while makes way; one that serves does not.
pub(crate) fn run(context: &Context) -> anyhow::Result<Code> {
    context.set_up()?;
    if let Some(mut owner) = Client::connect_if_running(&context.home) {
        let facts = owner.ask(&Request::Ping)?;
        if facts.get("serving").is_some_and(|serving| serving == true) {
            let pid = facts.get("pid").cloned().unwrap_or_default();
            let message = format!("this home is served already, by process {pid}");
            return Err(Failure::refused(message)
                .with_fix("run `vouchsafe stop`")
                .into());
        }
    }
    let alone = super::backup::stop_owner(&context.home)?;
    vouchsafe_daemon::serve(&context.home, &alone, |url| {
        if context.json {
            output::print_json(&json!({ "serving": url }));
        } else {
            output::line(format!("serving {url}"));
        }
    })?;
    Ok(Code::Done)
}
