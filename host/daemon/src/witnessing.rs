//! Asks a witness to sign for the log (C2SP tlog-witness). It remembers what it saw: a log that was put back or
//! rewritten since gets no signature, and is told so.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::task::block_in_place;
use vouchsafe_audit::LogError;
use vouchsafe_secrets::tls;
use vouchsafe_tlog::Checkpoint;
use vouchsafe_tlog::note::{CosignerKey, Note, NoteError};
use vouchsafe_tlog::witness::AddCheckpoint;

use crate::owner::Owner;
use crate::protocol::Failure;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(3);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 64 << 10;
/// So often the witness may say that it has seen another number of records.
const TRIES: usize = 3;

impl Owner {
    /// Has the witness at `url`, whose key is `witness`, sign for all records, and keeps its signature with the log's.
    ///
    /// # Errors
    /// When it can't be reached, refuses, or has seen what this log does not have.
    pub(crate) async fn cosign(&self, url: &str, witness: &str) -> Result<Json, Failure> {
        let key: CosignerKey = witness
            .parse()
            .map_err(|error| Failure::usage(format!("`{witness}`: {error}")))?;
        let asked = self.ask_witness(url, &key, 0).await;
        let (signed, _) = asked.map_err(|trouble| Failure::refused(trouble.to_string()))?;
        Ok(json!({ "checkpoint": signed.to_string(), "witness": key.name() }))
    }

    /// As [`Owner::cosign`], beginning with what the witness is believed to have `seen`. Returns the note as it is kept
    /// and how many records it is of.
    pub(crate) async fn ask_witness(
        &self,
        url: &str,
        key: &CosignerKey,
        mut seen: u64,
    ) -> Result<(Note, u64), Trouble> {
        for _ in 0..TRIES {
            let extended = block_in_place(|| self.log().extension(seen));
            let (note, path) = extended.map_err(|error| not_extended(&error, seen))?;
            let request = AddCheckpoint {
                old: seen,
                path,
                note,
            };
            match ask(url, &request).await? {
                Answer::Signed(lines) => return self.keep_cosigned(&request.note, &lines, key),
                Answer::HasSeen(size) if size != seen => seen = size,
                Answer::HasSeen(size) => return Err(other_history(size)),
            }
        }
        Err(Trouble::Unasked(
            "the witness says each time that it has seen another number of records".to_owned(),
        ))
    }

    fn keep_cosigned(
        &self,
        note: &Note,
        lines: &str,
        key: &CosignerKey,
    ) -> Result<(Note, u64), Trouble> {
        let wrong = |error: NoteError| {
            Trouble::Unasked(format!(
                "what the witness answers is no signature of its own: {error}"
            ))
        };
        let signed = note.with_cosignature(lines, key).map_err(wrong)?;
        let of: Checkpoint = note.unverified_text().parse().map_err(wrong)?;
        let kept = block_in_place(|| self.log().keep_cosigned(&signed));
        kept.map_err(|error| Trouble::Unasked(error.to_string()))?;
        Ok((signed, of.size))
    }
}

/// Why a witness has not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// It could not be asked, or does not answer as a witness of this log.
    #[error("{0}")]
    Unasked(String),
    /// It has seen what this log does not have.
    #[error("{0}")]
    Contradicts(String),
}

enum Answer {
    Signed(String),
    /// It wants a proof that continues what it saw: so many records.
    HasSeen(u64),
}

async fn ask(url: &str, request: &AddCheckpoint) -> Result<Answer, Trouble> {
    let failed = |why: String| Trouble::Unasked(format!("the witness at {url}: {why}"));
    let client = tls::http(&[], None, PATIENCE, CONNECT).map_err(failed)?;
    let place = format!("{}/add-checkpoint", url.trim_end_matches('/'));
    let sent = client.post(place).body(request.to_string()).send().await;
    let mut answer = sent.map_err(|error| failed(error.without_url().to_string()))?;
    let mut body = Vec::new();
    while let Some(part) = answer
        .chunk()
        .await
        .map_err(|error| failed(error.without_url().to_string()))?
    {
        body.extend_from_slice(&part);
        if body.len() > LONGEST {
            return Err(failed("its answer is too long".to_owned()));
        }
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    match answer.status().as_u16() {
        200 => Ok(Answer::Signed(text)),
        409 => match text.trim().parse() {
            Ok(size) => Ok(Answer::HasSeen(size)),
            Err(_) => Err(failed(
                "it has seen something else, and does not say what".to_owned(),
            )),
        },
        403 | 404 => Err(failed(
            "it does not know this log; give its operator what `vouchsafe audit key` prints"
                .to_owned(),
        )),
        422 => Err(Trouble::Contradicts(format!(
            "the witness at {url}: what it saw is not the beginning of this log: records were changed since"
        ))),
        status => Err(failed(format!("it answers {status}"))),
    }
}

fn not_extended(error: &LogError, seen: u64) -> Trouble {
    match error {
        LogError::NoProof(_) => Trouble::Contradicts(format!(
            "the witness has seen {seen} records, and this log has fewer: it was cut, or put back to an older state"
        )),
        error => Trouble::Unasked(error.to_string()),
    }
}

fn other_history(size: u64) -> Trouble {
    Trouble::Contradicts(format!(
        "the witness has seen {size} records of this log that are not these: it was rewritten"
    ))
}
