//! `policy`: the proposed rules, read and explained; nothing comes into force.

use crate::args::Policy;
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, output};

pub(crate) fn run(context: &Context, verb: &Policy) -> anyhow::Result<Code> {
    let Policy::Check = verb;
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
