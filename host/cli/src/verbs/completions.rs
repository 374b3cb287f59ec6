//! `completions`: for the shells that clap knows.

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::Code;

pub(crate) fn run(shell: Shell) -> anyhow::Result<Code> {
    clap_complete::generate(shell, &mut shown(), "vouchsafe", &mut std::io::stdout());
    Ok(Code::Done)
}

/// The command without the verbs that no person types.
fn shown() -> Command {
    let all = Cli::command();
    let verbs = all.get_subcommands().filter(|verb| !verb.is_hide_set());
    Command::new("vouchsafe")
        .args(all.get_arguments().cloned())
        .subcommands(verbs.cloned())
}
