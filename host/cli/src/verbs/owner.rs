//! The hidden verb that runs the owner process.

use std::time::Duration;

use crate::context::Context;
use crate::exit::Code;

pub(crate) fn run(context: &Context, idle: u64) -> anyhow::Result<Code> {
    vouchsafe_daemon::run(&context.home, Duration::from_secs(idle))?;
    Ok(Code::Done)
}
