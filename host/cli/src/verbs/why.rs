//! `why`: which lines decide a call, without making it.

use serde_json::Value as Json;
use vouchsafe_daemon::protocol::{Failure, Request};

use crate::args::Why;
use crate::context::Context;
use crate::exit::Code;
use crate::{input, output};

pub(crate) fn run(context: &Context, args: &Why) -> anyhow::Result<Code> {
    let (skill, tool) = match (&args.tool, args.skill.split_once('_')) {
        (Some(tool), _) => (args.skill.as_str(), tool.as_str()),
        // No name of a skill or function has an underscore: it parts them in a tool's name.
        (None, Some(named)) => named,
        (None, None) => {
            let message = format!(
                "`{}` is no tool's name, such as `payments_status`",
                args.skill
            );
            return Err(Failure::usage(message)
                .with_fix(format!("run `vouchsafe why {} FUNCTION`", args.skill))
                .into());
        }
    };
    let input = match &args.input {
        Some(path) => input::json_file(path)?,
        None => Json::Null,
    };
    let facts = context.owner()?.ask(&Request::Why {
        skill: skill.to_owned(),
        tool: tool.to_owned(),
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
