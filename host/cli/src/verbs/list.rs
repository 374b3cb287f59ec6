//! `list`: the installed skills.

use serde_json::Value as Json;
use vouchsafe_daemon::protocol::Request;

use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context) -> anyhow::Result<Code> {
    let facts = context.owner()?.ask(&Request::List)?;
    if context.json {
        output::print_json(&facts);
        return Ok(Code::Done);
    }
    let skills = facts.as_array().map(Vec::as_slice).unwrap_or_default();
    if skills.is_empty() {
        output::note("no skill is installed; `vouchsafe install FILE` installs one");
        return Ok(Code::Done);
    }
    let table = output::table(
        ["SKILL", "VERSION", "DIGEST", "PUBLISHER", "STATE", "TOOLS"],
        skills.iter().map(row),
    );
    output::line(table);
    for skill in skills {
        if let Some(reason) = skill.get("reason").and_then(Json::as_str) {
            output::note(format!(
                "{} {}: {reason}",
                text(skill, "skill"),
                text(skill, "version")
            ));
        }
    }
    Ok(Code::Done)
}

fn row(skill: &Json) -> [String; 6] {
    let tools = skill.get("tools").and_then(Json::as_array);
    let tools = tools.map_or_else(String::new, |tools| {
        let names: Vec<_> = tools.iter().filter_map(Json::as_str).collect();
        names.join(" ")
    });
    [
        text(skill, "skill"),
        text(skill, "version"),
        text(skill, "digest").chars().take(19).collect(),
        text(skill, "publisher"),
        text(skill, "state"),
        tools,
    ]
}

fn text(skill: &Json, key: &str) -> String {
    skill
        .get(key)
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned()
}
