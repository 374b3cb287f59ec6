//! `apply`: puts the edited files into force.

use serde_json::json;

use crate::args::Apply;
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, output};

pub(crate) fn run(context: &Context, args: &Apply) -> anyhow::Result<Code> {
    let applied = match args.resume {
        true => applying::resuming(context, &args.proof)?,
        false => applying::apply(context, &args.proof)?,
    };
    report(context, &applied);
    Ok(Code::Done)
}

/// Says what is in force now.
pub(crate) fn report(context: &Context, applied: &applying::Applied) {
    if context.json {
        output::print_json(&json!({ "changes": applied.changes, "in_force": applied.facts }));
        return;
    }
    let fact = |name: &str| applied.facts.get(name).map(ToString::to_string);
    let serial = fact("serial").unwrap_or_default();
    let statement = fact("statement").unwrap_or_default();
    if !applied.is_new {
        output::done(format!(
            "nothing to apply: the files are as statement {serial} put them into force"
        ));
        return;
    }
    let short: String = statement.trim_matches('"').chars().take(19).collect();
    output::done(format!("in force: statement {serial} ({short})"));
    applying::say_under_way(&applied.facts);
}
