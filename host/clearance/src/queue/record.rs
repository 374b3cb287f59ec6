//! What the log is told of requests. The names of the records are in `docs/audit.md`.

use std::collections::BTreeMap;

use vouchsafe_audit::{Control, Entry as LogEntry, Log, LogError, Recorded, Subject};
use vouchsafe_keys::statement::Envelope;
use vouchsafe_package::Digest;
use vouchsafe_package::value::canonical;
use vouchsafe_policy::approval::{ApprovalRequest, Vote};

use super::Moment;
use super::entry::Entry;

pub(super) const ASKED: &str = "approval-asked";
pub(super) const VOTED: &str = "approval-decision";
pub(super) const ENDED: &str = "approval-ended";

pub(super) fn asked(
    log: &Log,
    request: &ApprovalRequest,
    digest: Digest,
) -> Result<Recorded, LogError> {
    let facts = facts([
        ("approval", request.id.to_string()),
        ("request", digest.to_string()),
        ("skill", request.skill.to_string()),
        ("digest", request.digest.to_string()),
        ("tool", request.tool.clone()),
        ("schema", request.schema.to_string()),
        ("grant", request.grant.to_string()),
        ("policy", request.policy.to_string()),
        ("decide_by", request.decide_by.to_string()),
    ]);
    log.append(LogEntry::Control(Control {
        subject: Some(subject(request, &request.principal)),
        action: ASKED.to_owned(),
        facts,
        input: Some(log.commit_payload(&canonical(&request.input()))?),
    }))
}

pub(super) fn voted<R>(
    log: &Log,
    entry: &Entry<R>,
    vote: &Vote,
    envelope: &Envelope,
    now: Moment,
) -> Result<Recorded, LogError> {
    let signature = envelope.signatures.first();
    let mut facts = facts([
        ("approval", entry.request.id.to_string()),
        ("request", entry.digest.to_string()),
        ("says", vote.says().to_string()),
        ("payload", envelope.payload.clone()),
        ("waited_ms", entry.waited_ms(now).to_string()),
    ]);
    if let Some(signature) = signature {
        facts.insert("signature".to_owned(), signature.sig.clone());
        facts.insert("key".to_owned(), signature.keyid.clone());
    }
    let control = Control {
        subject: Some(subject(&entry.request, vote.person())),
        action: VOTED.to_owned(),
        facts,
        input: None,
    };
    log.append(LogEntry::Control(control))
}

pub(super) fn ended<R>(log: &Log, entry: &Entry<R>, how: &str, told: &str, now: Option<Moment>) {
    let mut facts = facts([
        ("approval", entry.request.id.to_string()),
        ("asked", entry.asked.to_string()),
        ("how", how.to_owned()),
        ("told", told.chars().take(120).collect()),
    ]);
    if let Some(now) = now {
        facts.insert("waited_ms".to_owned(), entry.waited_ms(now).to_string());
    }
    let control = Control {
        subject: Some(subject(&entry.request, &entry.request.principal)),
        action: ENDED.to_owned(),
        facts,
        input: None,
    };
    // Ending never waits for the log, and a log that fails has stopped all effects.
    drop(log.append(LogEntry::Control(control)));
}

fn subject(request: &ApprovalRequest, who: &str) -> Subject {
    Subject {
        tenant: request.tenant.clone(),
        principal: who.to_owned(),
        correlation: request.id.to_string(),
    }
}

fn facts<const N: usize>(facts: [(&str, String); N]) -> BTreeMap<String, String> {
    let facts = facts.map(|(name, value)| (name.to_owned(), value));
    facts.into()
}
