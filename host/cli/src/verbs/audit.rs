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
use crate::verbs::{payloads, proofs, queries};
use crate::{output, record};

pub(crate) fn run(context: &Context, verb: &Audit) -> anyhow::Result<Code> {
    context.set_up()?;
    match verb {
        Audit::Show {
            payload: Some(seq), ..
        } => payloads::show(context, *seq),
        Audit::Show {
            from, limit, all, ..
        } => show(context, *from, if *all { ALL } else { *limit }),
        Audit::Verify { expect, from } => verify(context, expect.clone(), from.as_deref()),
        Audit::Fsck => proofs::fsck(context),
        Audit::Checkpoint => proofs::checkpoint(context),
        Audit::Cosign { url, witness } => proofs::cosign(context, url, witness),
        Audit::Key => proofs::key(context),
        Audit::Prove { seq } => proofs::prove(context, *seq),
        Audit::Export {
            subject: Some(subject),
            ..
        } => payloads::export(context, subject),
        Audit::Export { directory, .. } => {
            proofs::export(context, directory.as_deref().unwrap_or(Path::new("log")))
        }
        Audit::Erase {
            subject,
            certificate,
            proof,
        } => payloads::erase(context, subject, certificate, proof),
        Audit::Query { filter, limit } => queries::query(context, filter, *limit),
        Audit::Stats { filter } => queries::stats(context, filter),
        Audit::Tail { follow } => queries::tail(context, *follow),
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
    record::print(&records);
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
