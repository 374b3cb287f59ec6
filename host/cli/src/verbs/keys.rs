//! `keys`: the host's own keys.

use serde_json::json;
use vouchsafe_daemon::{rotation, setup};

use crate::args::Keys;
use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context, verb: &Keys) -> anyhow::Result<Code> {
    match verb {
        Keys::List => list(context),
        Keys::Rotate => rotate(context),
    }
}

fn list(context: &Context) -> anyhow::Result<Code> {
    let keystore = setup::open_keystore(&context.home)?;
    let operators = setup::operators(&context.home, &keystore)?;
    let operators: Vec<_> = operators.iter().map(|key| key.fingerprint()).collect();
    let facts = keystore.facts();
    if context.json {
        output::print_json(&json!({ "keystore": facts, "operators": operators }));
        return Ok(Code::Done);
    }
    for operator in operators {
        output::line(format!("operator  {operator}"));
    }
    output::line(output::table(
        ["PURPOSE", "IF LOST"],
        facts
            .purposes
            .iter()
            .map(|one| [format!("{:?}", one.purpose), one.if_lost.to_owned()]),
    ));
    output::line(output::table(
        ["GENERATION", "CREATED"],
        facts
            .generations
            .iter()
            .map(|one| [one.number.to_string(), one.created.clone()]),
    ));
    Ok(Code::Done)
}

/// A new generation of the root secret under a new seal. What was sealed before still opens; what was
/// authenticated before is so anew, and no longer by the old one.
fn rotate(context: &Context) -> anyhow::Result<Code> {
    // An owner that runs, or starts now, would go on with the keys of before.
    let no_owner = super::backup::stop_owner(&context.home)?;
    let keystore = rotation::rotate(&context.home, &no_owner)?;
    if context.json {
        output::print_json(&json!({ "keystore": keystore.facts() }));
    } else {
        output::done(
            "the keystore has a new generation: what was sealed before still opens, and only the new one authenticates",
        );
    }
    Ok(Code::Done)
}
