//! Requests about the log.

use serde_json::{Value as Json, json};
use vouchsafe_audit::{Expect, Head, LogError, Verification, VerifyError};

use crate::owner::Owner;
use crate::protocol::Failure;

/// The most records in one reply.
const MAX_RECORDS: usize = 1000;

/// Records from `from` on, or the last ones.
pub(super) fn show(owner: &Owner, from: Option<u64>, limit: usize) -> Result<Json, Failure> {
    let limit = limit.min(MAX_RECORDS);
    match from {
        Some(from) => collect(owner.log().records(from), limit),
        None => {
            let last = u64::try_from(limit).unwrap_or(u64::MAX);
            collect(owner.log().tail(last), limit)
        }
    }
}

fn collect<E: std::fmt::Display>(
    records: impl Iterator<Item = Result<vouchsafe_audit::Record, E>>,
    limit: usize,
) -> Result<Json, Failure> {
    let records: Vec<_> = records
        .take(limit)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::refused(format!("the log is damaged: {error}")))?;
    serde_json::to_value(records).map_err(|error| Failure::internal(error.to_string()))
}

/// Checks the whole log; what was kept elsewhere shows a cut or rewritten one.
pub(super) async fn verify(
    owner: &Owner,
    expect: Option<String>,
    from: Option<String>,
) -> Result<Json, Failure> {
    let expect = expected(expect.as_deref(), from)?;
    let log = owner.log().clone();
    let check = move || {
        // What the host knows is signed for before the files are read, so that they are held to all of it. Where that
        // can't be written, they are held to less, and the answer says to how much.
        drop(log.publish());
        facts(log.verify(&expect))
    };
    let checked = tokio::task::spawn_blocking(check).await;
    let mut facts = checked.map_err(|error| Failure::internal(error.to_string()))?;
    let text = facts.get("text").and_then(Json::as_str).unwrap_or_default();
    let lines = owner.log_lines().into_iter();
    let text = lines.fold(text.to_owned(), |text, line| format!("{text}\n{line}"));
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("text".to_owned(), json!(text));
        facts.insert("state".to_owned(), owner.log_state());
    }
    Ok(facts)
}

/// What a person says that they kept.
pub(crate) fn expected(head: Option<&str>, from: Option<String>) -> Result<Expect, Failure> {
    let head = head.map(str::parse::<Head>).transpose();
    Ok(Expect {
        head: head.map_err(|error| Failure::usage(error.to_string()))?,
        checkpoint: from,
    })
}

/// A checkpoint over all that is durable now, on disk and in the answer.
pub(super) fn checkpoint(owner: &Owner) -> Result<Json, Failure> {
    let refused = |error: LogError| Failure::refused(error.to_string());
    let note = owner.log().publish().map_err(refused)?;
    Ok(json!({
        "checkpoint": note.to_string(),
        "key": owner.log().verifier_key().to_string(),
        "state": owner.log_state(),
    }))
}

/// Record `seq` with its proof.
pub(super) fn prove(owner: &Owner, seq: u64) -> Result<Json, Failure> {
    let receipt = owner.log().receipt(seq);
    let receipt = receipt.map_err(|error| Failure::refused(error.to_string()))?;
    Ok(json!(receipt))
}

/// What a check of the log found, as facts and as text.
pub(crate) fn facts(checked: Result<Verification, VerifyError>) -> Json {
    match checked {
        Ok(good) => json!({
            "ok": true,
            "records": good.records,
            "head": good.head.to_string(),
            "signed": good.signed,
            "key": good.key,
            "text": good.to_string(),
        }),
        Err(bad) => json!({
            "ok": false,
            "record": bad.record(),
            "text": format!("DAMAGED   {bad}"),
        }),
    }
}
