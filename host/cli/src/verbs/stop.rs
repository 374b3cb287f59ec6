//! `stop`: ends the owner process, if one runs.

use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::Request;

use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context) -> anyhow::Result<Code> {
    match Client::connect_if_running(&context.home) {
        Some(mut owner) => {
            owner.ask(&Request::Stop)?;
            output::done("the owner process ends");
        }
        None => output::note("no owner process is running"),
    }
    Ok(Code::Done)
}
