//! What calls were given and answered, kept sealed for whom it is about, until that is erased.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use vouchsafe_audit::payloads::{
    Content, Erased, Found, Part, Payload, PayloadError, Payloads, Wanted,
};
use vouchsafe_audit::{Record, Seq};
use vouchsafe_keys::statement::{self, Envelope, StatementError};
use vouchsafe_keys::{Keystore, PrivateKey, Purpose};
use vouchsafe_package::Tool;
use vouchsafe_package::value::canonical;
use vouchsafe_runtime::{Answer, Completed};

use crate::caller::Caller;
use crate::home::Home;
use crate::owner::Owner;
use crate::protocol::Failure;
use crate::records::told;

/// How many sealed bytes one reply opens; the next one goes on.
const PAGE: usize = 4 << 20;

/// Those of `home`.
pub(crate) fn open(home: &Home, keystore: &Keystore) -> Result<Payloads, PayloadError> {
    let report = |error: &PayloadError| tracing::error!(%error, "a payload is not kept");
    Payloads::open(&home.payloads(), keystore.sealer(Purpose::Sealing), report)
}

/// Has what was kept so far written.
pub(crate) fn sync(payloads: &Payloads) {
    if let Err(error) = payloads.sync() {
        tracing::error!(%error, "payloads are not written");
    }
}

/// Whom a call is about, as its tool says.
pub(crate) struct About<'a> {
    payloads: &'a Payloads,
    subjects: Vec<String>,
}

impl<'a> About<'a> {
    pub(crate) fn of(owner: &'a Owner, tool: &Tool, input: &Json) -> Self {
        let subjects = tool.subjects.iter();
        Self {
            payloads: owner.payloads(),
            subjects: subjects.filter_map(|path| subject(path, input)).collect(),
        }
    }

    /// Keeps what the intent numbered `seq` commits to.
    pub(crate) fn keep_input(&self, seq: Seq, input: &Json) {
        self.keep(seq, Part::Input, input);
    }

    /// Keeps what the outcome commits to: it is about whom the input is about.
    pub(crate) fn keep_output(&self, completed: &Completed) {
        if let (Ok(Answer::Output(output) | Answer::ToolError(output)), Ok(recorded)) =
            (&completed.result, &completed.recorded)
        {
            self.keep(recorded.seq(), Part::Output, output);
        }
    }

    fn keep(&self, seq: Seq, part: Part, json: &Json) {
        self.payloads.keep(Payload {
            seq,
            part,
            subjects: self.subjects.clone(),
            bytes: canonical(json),
        });
    }
}

/// Who stands at `path`; nobody where an option has no value.
fn subject(path: &str, input: &Json) -> Option<String> {
    let found = path.split('.').try_fold(input, |json, name| json.get(name));
    match found? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An operator's word that a subject is to be erased.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// [`Erasure::VERSION`].
    pub version: u32,
    /// Whom, as tools are told.
    pub subject: String,
    /// How often something was erased before, so that this is done once.
    pub after: u64,
    /// The fingerprint of who signs.
    pub operator: String,
    /// When.
    pub at: Timestamp,
}

impl Erasure {
    /// The form that is signed and read.
    pub const VERSION: u32 = 1;
    const TYPE: &str = "application/vnd.vouchsafe.erasure+json";

    /// Signs it.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign(&self, key: &PrivateKey) -> Result<Envelope, StatementError> {
        let payload = canonical(&json!(self));
        statement::sign(Self::TYPE, &payload, key)
    }

    fn read(owner: &Owner, signed: &Envelope) -> Result<Self, Failure> {
        let refused = |why: String| Failure::refused(why);
        let read = statement::verify_signer(signed, Self::TYPE, owner.operators());
        let (payload, signer) = read.map_err(|error| refused(error.to_string()))?;
        let erasure: Self =
            serde_json::from_slice(&payload).map_err(|error| refused(error.to_string()))?;
        if erasure.version != Self::VERSION || erasure.operator != signer.fingerprint() {
            return Err(refused(
                "the erasure is of another version, or names who did not sign it".to_owned(),
            ));
        }
        Ok(erasure)
    }
}

/// What is kept, opened, and checked against the records that commit to it.
pub(crate) fn show(
    owner: &Owner,
    seq: Option<Seq>,
    subject: Option<String>,
    skip: usize,
) -> Result<Json, Failure> {
    let wanted = match (seq, subject) {
        (Some(seq), None) => Wanted::Record(seq),
        (None, Some(subject)) => Wanted::Subject(subject),
        _ => return Err(Failure::usage("say of which record, or of whom")),
    };
    let payloads = owner.payloads();
    let found = payloads.find(wanted, skip, PAGE).map_err(refused)?;
    let shown = found.iter().map(|found| shown(owner, found));
    Ok(json!({
        "after": payloads.generation().map_err(refused)?,
        "payloads": shown.collect::<Result<Vec<_>, _>>()?,
    }))
}

fn shown(owner: &Owner, found: &Found) -> Result<Json, Failure> {
    let (seq, part) = (found.seq, found.part);
    let Content::Open(bytes) = &found.content else {
        return Ok(json!({ "seq": seq, "part": part, "state": "erased" }));
    };
    check(owner, found, bytes)?;
    let value: Json = serde_json::from_slice(bytes).unwrap_or_default();
    Ok(json!({ "seq": seq, "part": part, "state": "kept", "value": value }))
}

/// That it is what the record commits to.
fn check(owner: &Owner, found: &Found, bytes: &[u8]) -> Result<(), Failure> {
    let record = owner.log().records(found.seq).next();
    let record: Option<Record> = record.transpose().map_err(refused)?;
    let commitment = record.and_then(|record| match found.part {
        Part::Input => record.input,
        Part::Output => record.output,
    });
    match commitment {
        Some(commitment) if owner.log().opens(&commitment, bytes) => Ok(()),
        _ => Err(Failure::refused(format!(
            "what is kept of record {} is not what that commits to",
            found.seq
        ))),
    }
}

/// Destroys a subject's key, and proves it: the record that says so, with its proof, is the certificate.
pub(crate) async fn erase(
    owner: &Owner,
    caller: &Caller,
    signed: &Envelope,
) -> Result<Json, Failure> {
    let Erasure {
        subject,
        after,
        operator,
        ..
    } = Erasure::read(owner, signed)?;
    let payloads = Arc::clone(owner.payloads());
    let erased = payloads.erase(subject, after).map_err(refused)?;
    let mut facts = facts(&erased);
    facts.insert("operator".to_owned(), operator);
    let seq = owner
        .record(told("erase", Some(caller), facts.clone()))
        .await?;
    let receipt = owner.log().receipt(seq).map_err(refused)?;
    Ok(json!({ "seq": seq, "facts": facts, "months": erased.classes, "certificate": receipt }))
}

/// What the certificate says.
fn facts(erased: &Erased) -> BTreeMap<String, String> {
    let unnamed: u64 = erased.classes.values().sum();
    let facts = [
        ("subject", erased.pseudonym.clone()),
        ("payloads", erased.payloads.to_string()),
        ("wrapping_key", erased.generation.to_string()),
        ("rewrapped", erased.survivors.to_string()),
        ("without_subject", unnamed.to_string()),
        (
            "not_covered",
            "payloads without subject, approvals, state, files".to_owned(),
        ),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value));
    facts.into()
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::refused(error.to_string())
}
