//! `audit`: reading and checking the log.
//!
//! A log that the owner refuses to open is just the one to look at, so both work without an owner.

use std::path::Path;

use serde_json::{Value as Json, json};
use vouchsafe_audit::Record;
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::{Failure, Request};

use crate::args::Audit;
use crate::context::Context;
use crate::exit::Code;
use crate::output;
use crate::verbs::proofs;

pub(crate) fn run(context: &Context, verb: &Audit) -> anyhow::Result<Code> {
    context.set_up()?;
    match verb {
        Audit::Show { from, limit, all } => show(context, *from, if *all { ALL } else { *limit }),
        Audit::Verify { expect, from } => verify(context, expect.clone(), from.as_deref()),
        Audit::Checkpoint => proofs::checkpoint(context),
        Audit::Key => proofs::key(context),
        Audit::Prove { seq } => proofs::prove(context, *seq),
        Audit::Export { directory } => proofs::export(context, directory),
    }
}

/// More records than a log has.
const ALL: usize = u32::MAX as usize;
/// What the owner gives at most at a time.
const PAGE: usize = 1000;

fn show(context: &Context, from: Option<u64>, limit: usize) -> anyhow::Result<Code> {
    // One more than is shown tells whether there are more.
    let wanted = limit.saturating_add(usize::from(from.is_some()));
    let mut records = match Client::connect_if_running(&context.home) {
        Some(mut owner) => pages(&mut owner, from, wanted)?,
        None => serde_json::from_value(json!(read(context, from, wanted)?))?,
    };
    let goes_on = records.len() > limit;
    records.truncate(limit);
    if context.json {
        output::print_json(&Json::Array(records));
        return Ok(Code::Done);
    }
    let header = [
        "SEQ", "TIME", "KIND", "WHAT", "RESULT", "MS", "FUEL", "KIB", "WHO",
    ];
    output::line(output::table(header, records.iter().map(row)));
    for record in &records {
        if let Some(detail) = record.get("detail").and_then(Json::as_str) {
            output::note(format!(" {}  {detail}", text(record, "seq")));
        }
    }
    if let Some(left_out) = left_out(&records, from, goes_on) {
        output::note(left_out);
    }
    Ok(Code::Done)
}

/// That these are not all records there are, where that is so.
fn left_out(records: &[Json], from: Option<u64>, goes_on: bool) -> Option<String> {
    let (first, last) = (seq(records.first()?)?, seq(records.last()?)?);
    let shown = records.len();
    match from {
        None if first > 1 => Some(format!(
            "the last {shown} of {last} records; `--all` shows all of them"
        )),
        Some(_) if goes_on => Some(format!("{shown} records; `--from {}` goes on", last + 1)),
        _ => None,
    }
}

fn seq(record: &Json) -> Option<u64> {
    record.get("seq").and_then(Json::as_u64)
}

/// The owner's records from `from` on, or the last ones.
fn pages(owner: &mut Client, from: Option<u64>, limit: usize) -> anyhow::Result<Vec<Json>> {
    let mut page = |from: Option<u64>, limit: usize| -> anyhow::Result<Vec<Json>> {
        let limit = limit.min(PAGE);
        Ok(serde_json::from_value(
            owner.ask(&Request::AuditShow { from, limit })?,
        )?)
    };
    let mut from = match from {
        Some(from) => from,
        None if limit <= PAGE => return page(None, limit),
        None => {
            let last = page(None, 1)?.first().and_then(seq).unwrap_or_default();
            (last + 1).saturating_sub(u64::try_from(limit)?).max(1)
        }
    };
    let mut records = Vec::new();
    loop {
        let more = page(Some(from), limit - records.len())?;
        let is_last = more.len() < PAGE;
        records.extend(more);
        match records.last().and_then(seq) {
            Some(last) if !is_last && records.len() < limit => from = last + 1,
            _ => return Ok(records),
        }
    }
}

/// The records from `from` on, or the last ones, as they stand on disk.
fn read(context: &Context, from: Option<u64>, limit: usize) -> anyhow::Result<Vec<Record>> {
    let damaged = |error| Failure::refused(format!("the log: {error}"));
    let records = vouchsafe_audit::records(&context.home.audit()).map_err(damaged)?;
    let mut wanted = std::collections::VecDeque::new();
    for record in records {
        let record = record.map_err(damaged)?;
        if record.seq < from.unwrap_or(1) {
            continue;
        }
        wanted.push_back(record);
        if wanted.len() > limit {
            if from.is_some() {
                wanted.pop_back();
                break;
            }
            wanted.pop_front();
        }
    }
    Ok(wanted.into())
}

fn row(record: &Json) -> [String; 9] {
    let time: String = text(record, "time").chars().take(23).collect();
    let duration = number(record, "duration_us").map(|us| format!("{:.1}", us / 1000.0));
    let memory = number(record, "peak_memory").map(|bytes| format!("{:.0}", bytes / 1024.0));
    [
        text(record, "seq"),
        time.replacen('T', " ", 1),
        text(record, "kind"),
        what(record),
        result(record),
        duration.unwrap_or_default(),
        text(record, "fuel"),
        memory.unwrap_or_default(),
        who(record),
    ]
}

/// Who asked, by pseudonym; or whose key was the proof, as `keys list` has it.
fn who(record: &Json) -> String {
    let operator = fact(record, "operator").and_then(short);
    operator.unwrap_or_else(|| text(record, "principal").chars().take(10).collect())
}

/// `sha256:` and eight digits.
fn short(digest: &str) -> Option<String> {
    digest.get(..15).map(str::to_owned)
}

fn fact<'a>(record: &'a Json, name: &str) -> Option<&'a str> {
    record.get("facts")?.get(name)?.as_str()
}

/// The tool that was called, or what was done to the host.
fn what(record: &Json) -> String {
    let action = text(record, "action");
    let place = text(record, "place");
    let tool = match (text(record, "skill"), text(record, "tool")) {
        // What was asked for, where no skill in force has such a tool.
        (skill, tool) if skill.is_empty() => tool,
        (skill, tool) => format!("{skill}/{tool}"),
    };
    let inside = match text(record, "parent") {
        parent if parent.is_empty() => String::new(),
        parent => format!("in {parent}"),
    };
    let approved = match text(record, "approval") {
        asked if asked.is_empty() => String::new(),
        asked => format!("as asked in {asked}"),
    };
    let parts = [action, tool, place, done_to(record), inside, approved];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// What of the host was changed: a statement, a skill, a credential, the keystore.
fn done_to(record: &Json) -> String {
    let fact = |name| fact(record, name).map(str::to_owned);
    let words = |word: &str, value: Option<String>| value.map(|value| format!("{word} {value}"));
    let parts = [
        fact("approval"),
        words("statement", fact("serial")),
        fact("skill"),
        fact("version"),
        fact("digest").and_then(|digest| short(&digest)),
        words("credential", fact("name")),
        words("generation", fact("to")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// How it ended; of something refused, the code and how often.
fn result(record: &Json) -> String {
    let words = [
        text(record, "status"),
        text(record, "code"),
        text(record, "why"),
        fact(record, "says").unwrap_or_default().to_owned(),
        fact(record, "how").unwrap_or_default().to_owned(),
    ];
    let word = words.into_iter().find(|word| !word.is_empty());
    let word = word.unwrap_or_default();
    match number(record, "count") {
        Some(count) if count > 1.0 => format!("{word} x{count}"),
        _ => word,
    }
}

fn text(record: &Json, field: &str) -> String {
    match record.get(field) {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn number(record: &Json, field: &str) -> Option<f64> {
    record.get(field).and_then(Json::as_f64)
}

fn verify(context: &Context, expect: Option<String>, from: Option<&Path>) -> anyhow::Result<Code> {
    let from = from.map(proofs::kept).transpose()?;
    let facts = output::during("checking the log", || {
        match Client::connect_if_running(&context.home) {
            Some(mut owner) => Ok(owner.ask(&Request::AuditVerify { expect, from })?),
            None => {
                let expect = vouchsafe_daemon::audit_expected(expect.as_deref(), from)?;
                let checked = vouchsafe_audit::verify(&context.home.audit(), &expect);
                anyhow::Ok(vouchsafe_daemon::audit_facts(checked))
            }
        }
    })?;
    let good = facts.get("ok").and_then(Json::as_bool) == Some(true);
    if context.json {
        output::print_json(&facts);
    } else {
        output::line(facts.get("text").and_then(Json::as_str).unwrap_or_default());
    }
    Ok(if good { Code::Done } else { Code::Refused })
}
