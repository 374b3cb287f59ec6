//! `why`: which lines decide a call, without making it.

use serde_json::Value as Json;
use vouchsafe_daemon::protocol::Request;

use crate::args::Why;
use crate::context::Context;
use crate::exit::Code;
use crate::{input, output};

pub(crate) fn run(context: &Context, args: &Why) -> anyhow::Result<Code> {
    let input = match &args.input {
        Some(path) => input::json_file(path)?,
        None => Json::Null,
    };
    let facts = context.owner()?.ask(&Request::Why {
        skill: args.skill.clone(),
        tool: args.tool.clone(),
        principal: args.principal.clone(),
        input,
    })?;
    if context.json {
        output::print_json(&facts);
    } else {
        output::line(facts.get("text").and_then(Json::as_str).unwrap_or_default());
    }
    let allowed = facts.get("allowed").and_then(Json::as_bool) == Some(true);
    Ok(if allowed { Code::Done } else { Code::Refused })
}
