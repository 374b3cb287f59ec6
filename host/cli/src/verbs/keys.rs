//! `keys`: the host's own keys.

use serde_json::json;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::rotation::{self, RotationError};
use vouchsafe_daemon::setup;

use crate::args::{Keys, Proof};
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

pub(crate) fn run(context: &Context, verb: &Keys) -> anyhow::Result<Code> {
    context.set_up()?;
    match verb {
        Keys::List => list(context),
        Keys::Rotate(proof) => rotate(context, proof),
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
            .map(|one| [one.purpose.name().to_owned(), one.if_lost.to_owned()]),
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
fn rotate(context: &Context, proof: &Proof) -> anyhow::Result<Code> {
    let home = &context.home;
    let key = operator::unlock(home, proof)?;
    // An owner that runs, or starts now, would go on with the keys of before.
    let no_owner = super::backup::stop_owner(home)?;
    let keystore = rotation::rotate(home, &key, &no_owner).map_err(|error| match error {
        RotationError::NotAnOperator(_) => Failure::refused(error.to_string())
            .with_fix("run `vouchsafe keys list`, which shows whose key is needed")
            .into(),
        error => anyhow::Error::from(error),
    })?;
    if context.json {
        output::print_json(&json!({ "keystore": keystore.facts() }));
    } else {
        output::done(
            "the keystore has a new generation and a new seal: what was sealed before still opens, and only the new one authenticates",
        );
    }
    Ok(Code::Done)
}
