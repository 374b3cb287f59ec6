//! `upstream`: tools of external servers, what was accepted of them, and what they are now.

use serde_json::Value as Json;
use vouchsafe_daemon::protocol::Request;

use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context, name: Option<&str>) -> anyhow::Result<Code> {
    let mut facts = context.owner()?.ask(&Request::Upstreams)?;
    if let (Some(name), Some(all)) = (name, facts.as_array_mut()) {
        all.retain(|one| one.get("name").and_then(Json::as_str) == Some(name));
    }
    if context.json {
        output::print_json(&facts);
        return Ok(Code::Done);
    }
    let all = facts.as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        output::note("no skill in force calls such a tool of an external server");
    }
    all.iter().for_each(print);
    Ok(Code::Done)
}

fn print(one: &Json) {
    let text = |key: &str| one.get(key).and_then(Json::as_str).unwrap_or("nothing");
    output::line(format!(
        "{} of {}: {} at {}, {}: {}",
        text("name"),
        text("skill"),
        text("tool"),
        text("url"),
        text("effect"),
        text("state"),
    ));
    output::line(format!("  accepted  {}", text("accepted")));
    output::line(format!("  listed    {}", text("listed")));
    let differences = one.get("differences").and_then(Json::as_array);
    for lines in differences.into_iter().flatten().filter_map(Json::as_str) {
        lines
            .lines()
            .for_each(|line| output::line(format!("    {line}")));
    }
    if let Some(fix) = one.get("fix").and_then(Json::as_str) {
        output::line(format!("  to accept it: {fix}"));
    }
}
