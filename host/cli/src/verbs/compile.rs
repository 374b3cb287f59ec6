//! The hidden verb in which untrusted code is compiled: a bounded child of the owner.

use crate::exit::Code;

pub(crate) fn run() -> anyhow::Result<Code> {
    vouchsafe_daemon::compile_child()?;
    Ok(Code::Done)
}
