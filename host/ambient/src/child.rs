//! Child processes, started without the parent's environment.

use std::path::Path;
use std::process::Command;

/// A command for `program` with an empty environment: no token or proxy of the parent reaches it.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
}

/// As [`command`], for the asynchronous runtime; the child is killed when its handle is dropped.
#[cfg(feature = "tokio")]
pub fn command_async(program: &Path) -> tokio::process::Command {
    let mut command = tokio::process::Command::from(command(program));
    command.kill_on_drop(true);
    command
}
