//! Requests about the log.

use serde_json::{Value as Json, json};
use vouchsafe_audit::{Head, Verification, VerifyError};

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

/// Checks the whole log; a head kept elsewhere shows a cut or rewritten one.
pub(super) async fn verify(owner: &Owner, expect: Option<&str>) -> Result<Json, Failure> {
    let expect = expect.map(str::parse::<Head>).transpose();
    let expect = expect.map_err(|error| Failure::usage(error.to_string()))?;
    let log = owner.log().clone();
    let checked = tokio::task::spawn_blocking(move || facts(log.verify(expect))).await;
    checked.map_err(|error| Failure::internal(error.to_string()))
}

/// What a check of the log found, as facts and as text.
pub(crate) fn facts(checked: Result<Verification, VerifyError>) -> Json {
    match checked {
        Ok(good) => json!({
            "ok": true,
            "records": good.records,
            "head": good.head.to_string(),
            "text": good.to_string(),
        }),
        Err(bad) => json!({
            "ok": false,
            "record": bad.record(),
            "text": format!("DAMAGED   {bad}"),
        }),
    }
}
