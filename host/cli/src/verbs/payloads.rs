//! `audit show --payload`, `audit export --subject` and `audit erase`: what records commit to.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::payloads::Erasure;
use vouchsafe_daemon::protocol::{Failure, Request};

use crate::args::Proof;
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

/// Prints what is kept of record `seq`, one line of JSON each.
pub(super) fn show(context: &Context, seq: u64) -> anyhow::Result<Code> {
    let payloads = ask(context, Some(seq), None, 0)?.payloads;
    if payloads.is_empty() {
        let message = format!("of record {seq} nothing is kept but its commitment");
        return Err(Failure::refused(message).into());
    }
    payloads.iter().for_each(output::line);
    Ok(Code::Done)
}

/// Prints what is kept of `subject`, one line of JSON each.
pub(super) fn export(context: &Context, subject: &str) -> anyhow::Result<Code> {
    let mut skip = 0;
    loop {
        let found = ask(context, None, Some(subject), skip)?.payloads;
        if found.is_empty() {
            return Ok(Code::Done);
        }
        found.iter().for_each(output::line);
        skip += found.len();
    }
}

/// Destroys the key of `subject` with the operator's proof, and writes the certificate.
pub(super) fn erase(
    context: &Context,
    subject: &str,
    certificate: &Path,
    proof: &Proof,
) -> anyhow::Result<Code> {
    if certificate.exists() {
        let message = format!("`{}` is there already", certificate.display());
        return Err(Failure::usage(message).into());
    }
    let found = ask(context, None, Some(subject), usize::MAX)?;
    let key = operator::unlock(&context.home, proof)?;
    let erasure = Erasure {
        version: Erasure::VERSION,
        subject: subject.to_owned(),
        after: found.after,
        operator: key.public().fingerprint(),
        at: clock::now(),
    };
    let erasure = erasure.sign(&key)?;
    let erased = context.owner()?.ask(&Request::AuditErase { erasure })?;
    let erased: Erased = serde_json::from_value(erased)?;
    let mut text = serde_json::to_vec_pretty(&erased.certificate)?;
    text.push(b'\n');
    files::write_new(certificate, &text, Access::Shared)?;
    match context.json {
        true => output::print_json(&json!({
            "seq": erased.seq, "facts": erased.facts, "months": erased.months,
        })),
        false => say(&erased, certificate),
    }
    Ok(Code::Done)
}

fn say(erased: &Erased, certificate: &Path) {
    let fact = |name: &str| erased.facts.get(name).map_or("", String::as_str);
    output::done(format!(
        "{} payloads of {} can't be opened any more; `{}` proves the record that says so",
        fact("payloads"),
        fact("subject"),
        certificate.display()
    ));
    output::note(format!(
        "not covered: {} payloads without a subject ({}), approvals that wait, what skills keep, files, other \
         people's copies",
        fact("without_subject"),
        erased.months,
    ));
}

/// What is kept, and what an erasure has to name.
#[derive(Deserialize)]
struct Kept {
    after: u64,
    payloads: Vec<Json>,
}

/// What an erasure did.
#[derive(Deserialize)]
struct Erased {
    seq: u64,
    facts: BTreeMap<String, String>,
    months: Json,
    certificate: Json,
}

fn ask(
    context: &Context,
    seq: Option<u64>,
    subject: Option<&str>,
    skip: usize,
) -> anyhow::Result<Kept> {
    let subject = subject.map(str::to_owned);
    let request = Request::AuditPayloads { seq, subject, skip };
    Ok(serde_json::from_value(context.owner()?.ask(&request)?)?)
}
