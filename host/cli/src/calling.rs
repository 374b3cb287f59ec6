//! Making a call and printing its answer.

use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::Request;

use crate::exit::Code;
use crate::input::Arguments;
use crate::output;

/// Makes the call and prints its output.
pub(crate) fn make(
    owner: &mut Client,
    as_json: bool,
    tool: String,
    arguments: Arguments,
) -> anyhow::Result<Code> {
    let Arguments { json, words } = arguments;
    let request = Request::Call {
        tool,
        arguments: json,
        words,
    };
    let answer = output::during("running", || owner.ask(&request))?;
    if as_json {
        output::print_json(&answer);
        return Ok(Code::Done);
    }
    let field = |pointer: &str| answer.pointer(pointer).cloned().unwrap_or_default();
    for line in field("/lines").as_array().into_iter().flatten() {
        output::note(line.as_str().unwrap_or_default());
    }
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
