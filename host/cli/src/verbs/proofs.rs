//! `audit checkpoint`, `key`, `prove` and `export`: what others check the log with, and without us.

use std::path::Path;

use serde_json::{Value as Json, json};
use vouchsafe_ambient::files;
use vouchsafe_audit::Expect;
use vouchsafe_daemon::protocol::{Failure, Request};

use crate::context::Context;
use crate::exit::Code;
use crate::output;

/// The longest signed note that is read.
const LONGEST: u64 = 64 << 10;

/// Has the log sign for all its records, and prints the note.
pub(super) fn checkpoint(context: &Context) -> anyhow::Result<Code> {
    show(context, "checkpoint")
}

/// Has a witness sign for all records, and prints the note with its signature.
pub(super) fn cosign(context: &Context, url: &str, witness: &str) -> anyhow::Result<Code> {
    let (url, witness) = (url.to_owned(), witness.to_owned());
    let facts = context
        .owner()?
        .ask(&Request::AuditCosign { url, witness })?;
    let note = facts.get("checkpoint").and_then(Json::as_str);
    match context.json {
        true => output::print_json(&facts),
        false => output::line(note.unwrap_or_default().trim_end()),
    }
    Ok(Code::Done)
}

/// Prints the log's public key.
pub(super) fn key(context: &Context) -> anyhow::Result<Code> {
    show(context, "key")
}

/// Checks the files of the log, tiles included. Tiles that are otherwise are said and end it with another code.
pub(super) fn fsck(context: &Context) -> anyhow::Result<Code> {
    let checked = output::during("checking the log and its tree", || {
        vouchsafe_audit::fsck(&context.home.audit(), &Expect::default())
    });
    let found = checked.map_err(|error| Failure::refused(format!("DAMAGED   {error}")))?;
    match context.json {
        true => output::print_json(&json!(found)),
        false => output::line(&found),
    }
    Ok(if found.wrong.is_empty() {
        Code::Done
    } else {
        Code::Refused
    })
}

fn show(context: &Context, what: &str) -> anyhow::Result<Code> {
    let facts = context.owner()?.ask(&Request::AuditCheckpoint)?;
    let text = facts.get(what).and_then(Json::as_str).unwrap_or_default();
    match context.json {
        true => output::print_json(&facts),
        false => {
            output::line(text.trim_end());
            say_state(facts.get("state"));
        }
    }
    Ok(Code::Done)
}

/// Says beside what was asked for whether the log is published and witnessed, where there is something to say.
pub(super) fn say_state(state: Option<&Json>) {
    let lines = state.and_then(|state| state.get("lines")?.as_array());
    for line in lines.into_iter().flatten().filter_map(Json::as_str) {
        output::note(line);
    }
}

/// Prints a record with its proof: JSON either way, since that is what a receipt is.
pub(super) fn prove(context: &Context, seq: u64) -> anyhow::Result<Code> {
    let receipt = context.owner()?.ask(&Request::AuditProve { seq })?;
    output::print_json(&receipt);
    Ok(Code::Done)
}

/// Writes the log into `directory`.
pub(super) fn export(context: &Context, directory: &Path) -> anyhow::Result<Code> {
    // So that all records are in it.
    let facts = context.owner()?.ask(&Request::AuditCheckpoint)?;
    let key = facts.get("key").and_then(Json::as_str).unwrap_or_default();
    let exported = output::during("writing the log", || {
        vouchsafe_audit::export(&context.home.audit(), directory)
    });
    let checkpoint = exported.map_err(|error| Failure::refused(error.to_string()))?;
    if context.json {
        let (origin, records) = (&checkpoint.origin, checkpoint.size);
        output::print_json(&json!({ "origin": origin, "records": records, "key": key }));
    } else {
        let (records, directory) = (checkpoint.size, directory.display());
        output::line(format!("exported  {records} records to {directory}"));
        output::line(format!(
            "check     vouchsafe-verify log {directory} --key {key}"
        ));
    }
    Ok(Code::Done)
}

/// The text of a checkpoint that was kept.
pub(super) fn kept(file: &Path) -> anyhow::Result<String> {
    let bytes = files::read_file_or_pipe(file, LONGEST)?;
    Ok(String::from_utf8(bytes)?)
}
