//! The `vouchsafe` command: one file a verb, a client of the owner process.

mod applying;
mod args;
mod calling;
mod comparing;
mod connecting;
mod context;
mod dev;
mod exit;
mod granting;
mod input;
mod operator;
mod output;
mod packing;
mod record;
mod signature;
mod verbs;

use std::path::Path;

use clap::Parser;
use vouchsafe_policy::approval::Says;

use args::{Cli, Verb};
use context::Context;

fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    match run(cli.home.as_deref(), cli.json, cli.verb) {
        Ok(code) => code.into(),
        Err(error) => exit::report(&error, cli.json),
    }
}

/// Verbs that need no home come first: they must work where there is none.
fn run(home: Option<&Path>, json: bool, verb: Verb) -> anyhow::Result<exit::Code> {
    match verb {
        Verb::Compile => verbs::compile::run(),
        Verb::VerifyBundle(args) => verbs::verify_bundle::run(&args),
        Verb::Completions { shell } => verbs::completions::run(shell),
        verb => run_in(&Context::new(home, json)?, verb),
    }
}

fn run_in(context: &Context, verb: Verb) -> anyhow::Result<exit::Code> {
    match verb {
        Verb::Init(args) => verbs::init::run(context, &args),
        Verb::New(args) => verbs::new::run(context, &args),
        Verb::Build(args) => verbs::build::run(context, &args),
        Verb::Pack(args) => verbs::pack::run(context, &args),
        Verb::Key(args) => verbs::key::run(context, &args),
        Verb::Sign(args) => verbs::sign::run(context, &args),
        Verb::Verify(args) => verbs::verify::run(context, &args),
        Verb::Inspect(args) => verbs::inspect::run(context, &args),
        Verb::Diff(args) => verbs::diff::run(context, &args),
        Verb::Install(args) => verbs::install::run(context, &args),
        Verb::List => verbs::list::run(context),
        Verb::Disable(args) => verbs::disable::run(context, &args),
        Verb::Remove(args) => verbs::remove::run(context, &args),
        Verb::Grant(args) => verbs::grant::run(context, &args),
        Verb::Apply(args) => verbs::apply::run(context, &args),
        Verb::Revoke(args) => verbs::revoke::run(context, &args),
        Verb::Call(args) => verbs::call::run(context, &args),
        Verb::Upstream { name } => verbs::upstream::run(context, name.as_deref()),
        Verb::Approvals { id } => verbs::approvals::run(context, id.as_ref()),
        Verb::Approve(args) => verbs::approve::run(context, &args, Says::Approve),
        Verb::Deny(args) => verbs::approve::run(context, &args, Says::Deny),
        Verb::Approver(args) => verbs::approver::run(context, &args),
        Verb::Why(args) => verbs::why::run(context, &args),
        Verb::Policy(args) => verbs::policy::run(context, &args),
        Verb::Convert(args) => verbs::convert::run(context, &args),
        Verb::Serve => verbs::serve::run(context),
        Verb::Agent(args) => verbs::agent::run(context, &args),
        Verb::Connect(args) => verbs::connect::run(context, &args),
        Verb::Mcp(args) => verbs::mcp::run(context, &args),
        Verb::Audit(args) => verbs::audit::run(context, &args),
        Verb::Witness(args) => verbs::witness::run(context, &args),
        Verb::Secret(args) => verbs::secret::run(context, &args),
        Verb::Keys(args) => verbs::keys::run(context, &args),
        Verb::Backup(args) => verbs::backup::run(context, &args),
        Verb::Restore(args) => verbs::restore::run(context, &args),
        Verb::Doctor => verbs::doctor::run(context),
        Verb::Stop => verbs::stop::run(context),
        Verb::Owner { idle } => verbs::owner::run(context, idle),
        // Taken care of above.
        Verb::Compile | Verb::VerifyBundle(_) | Verb::Completions { .. } => Ok(exit::Code::Usage),
    }
}
