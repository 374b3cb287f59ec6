//! `call`: one call of a tool, as an agent would make it.

use serde_json::Value as Json;
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::Request;

use crate::args::Call;
use crate::context::Context;
use crate::exit::Code;
use crate::{dev, input, output};

pub(crate) fn run(context: &Context, args: &Call) -> anyhow::Result<Code> {
    let arguments = match &args.input {
        Some(path) => input::json_file(path)?,
        None => input::pairs(&args.arguments)?,
    };
    if args.dev {
        return dev::call(context.json, args, arguments);
    }
    make(
        &mut context.owner()?,
        context.json,
        args.tool.clone(),
        arguments,
    )
}

/// Makes the call and prints its output.
pub(crate) fn make(
    owner: &mut Client,
    as_json: bool,
    tool: String,
    arguments: Json,
) -> anyhow::Result<Code> {
    let progress = output::progress("running");
    let answer = owner.ask(&Request::Call { tool, arguments });
    progress.finish_and_clear();
    let answer = answer?;
    if as_json {
        output::print_json(&answer);
        return Ok(Code::Done);
    }
    let field = |pointer: &str| answer.pointer(pointer).cloned().unwrap_or_default();
    output::print_json(&field("/output"));
    output::note(format!(
        "fuel {}, memory {} KiB, {:.1} ms, record {}",
        field("/usage/fuel"),
        field("/usage/peak_memory_bytes")
            .as_u64()
            .unwrap_or_default()
            / 1024,
        field("/usage/wall_ms").as_f64().unwrap_or_default(),
        field("/record/seq"),
    ));
    Ok(Code::Done)
}
