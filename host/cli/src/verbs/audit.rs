//! `audit`: reading and checking the log.

use serde_json::Value as Json;
use vouchsafe_daemon::protocol::Request;

use crate::args::Audit;
use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context, verb: &Audit) -> anyhow::Result<Code> {
    match verb {
        Audit::Show { from, limit } => show(context, *from, *limit),
        Audit::Verify { expect } => verify(context, expect.clone()),
    }
}

fn show(context: &Context, from: Option<u64>, limit: usize) -> anyhow::Result<Code> {
    let facts = context.owner()?.ask(&Request::AuditShow { from, limit })?;
    if context.json {
        output::print_json(&facts);
        return Ok(Code::Done);
    }
    let records = facts.as_array().map(Vec::as_slice).unwrap_or_default();
    let table = output::table(
        [
            "SEQ",
            "TIME",
            "KIND",
            "TOOL",
            "STATUS",
            "MS",
            "FUEL",
            "CORRELATION",
        ],
        records.iter().map(row),
    );
    output::line(table);
    Ok(Code::Done)
}

fn row(record: &Json) -> [String; 8] {
    let text = |pointer: &str| {
        record
            .pointer(pointer)
            .map_or_else(String::new, |value| match value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            })
    };
    [
        text("/seq"),
        text("/time"),
        text("/kind"),
        text("/tool"),
        text("/status"),
        text("/duration_ms"),
        text("/resources/fuel"),
        text("/correlation"),
    ]
}

fn verify(context: &Context, expect: Option<String>) -> anyhow::Result<Code> {
    let facts = context.owner()?.ask(&Request::AuditVerify { expect })?;
    let good = facts.get("ok").and_then(Json::as_bool) == Some(true);
    if context.json {
        output::print_json(&facts);
    } else {
        output::line(facts.get("text").and_then(Json::as_str).unwrap_or_default());
    }
    Ok(if good { Code::Done } else { Code::Refused })
}
