//! `policy`: proposed rules, read, explained and compared; nothing comes into force.

use crate::args::Policy;
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, comparing, output};

pub(crate) fn run(context: &Context, verb: &Policy) -> anyhow::Result<Code> {
    match verb {
        Policy::Check => check(context),
        Policy::Diff(args) => comparing::run(context, args),
    }
}

fn check(context: &Context) -> anyhow::Result<Code> {
    let checked = applying::check(context)?;
    if context.json {
        output::print_json(&serde_json::to_value(&checked)?);
        return Ok(Code::Done);
    }
    for policy in &checked.policies {
        output::line(output::foreign(&format!(
            "{}  {}",
            policy.place, policy.says
        )));
        for call in &policy.matches {
            output::line(output::foreign(&format!("  can match {call}")));
        }
    }
    for notice in &checked.notices {
        output::note(output::foreign(&notice.to_string()));
    }
    output::done("no faults".to_owned());
    Ok(Code::Done)
}
