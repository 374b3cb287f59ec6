//! `completions`: for the shells that clap knows.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::Code;

pub(crate) fn run(shell: Shell) -> anyhow::Result<Code> {
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "vouchsafe",
        &mut std::io::stdout(),
    );
    Ok(Code::Done)
}
