//! What a caller tells the log. The log adds number, time, predecessor, and turns people into pseudonyms.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Commitment;

/// A record's number. The first is 1; none is left out.
pub type Seq = u64;

/// One thing to record.
#[derive(Debug, Clone)]
pub enum Entry {
    /// Something is about to be done. It must be concluded by an outcome or an unknown.
    Intent(Intent),
    /// How an intent ended.
    Outcome(Outcome),
    /// An intent ended, and how is not known.
    Unknown(Unknown),
    /// Something was asked for and not done.
    Refusal(Refusal),
    /// Something about the host itself: applied files, a kill, a key rotated.
    Control(Control),
}

/// For whom, by whom, and in which thread of work.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// Whose data.
    pub tenant: String,
    /// Who asked, by name; the record holds a pseudonym made with the log's key.
    pub principal: String,
    /// What ties the records of one request together.
    pub correlation: String,
}

/// What is about to be done, under which rules.
#[derive(Debug, Clone, Default)]
pub struct Intent {
    /// For whom and by whom.
    pub subject: Subject,
    /// The kind of effect, such as `call` or `http`.
    pub action: String,
    /// The intent inside which this happens; it must still be open.
    pub parent: Option<Seq>,
    /// The skill's name.
    pub skill: String,
    /// The digest of the component's bytes.
    pub digest: String,
    /// The tool, as the skill's WIT names it.
    pub tool: String,
    /// The effect's level: `read`, `write` or `irreversible`.
    pub effect: String,
    /// Where the effect goes (scheme, host, port; a bucket), never a full URL.
    pub place: Option<String>,
    /// The digest of the grant that was in force.
    pub grant: Option<String>,
    /// The digest of all the rules that were in force.
    pub policy: Option<String>,
    /// The line of the grant that allows it, in words that hold nothing of the request.
    pub rule: Option<String>,
    /// What it is done with, committed to and not disclosed.
    pub input: Option<Commitment>,
    /// The record of the request that people approved, which this intent consumes.
    pub approval: Option<Seq>,
}

/// How an intent ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The intent.
    pub of: Seq,
    /// How it ended, in one word.
    pub status: Status,
    /// The same in the host's own words (never a guest's), cut at 256 bytes.
    pub detail: Option<String>,
    /// What came out, committed to and not disclosed.
    pub output: Option<Commitment>,
    /// What it took.
    pub resources: Resources,
}

/// What something took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resources {
    /// Fuel used by the guest.
    pub fuel: Option<u64>,
    /// The guest's largest memory in bytes.
    pub peak_memory: Option<u64>,
    /// From intent to outcome.
    pub duration: Option<Duration>,
    /// Tokens of a language model, in and out.
    pub tokens: Option<u64>,
}

/// How an intent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As asked.
    Ok,
    /// The tool answered with its own error.
    ToolError,
    /// The guest trapped.
    Trapped,
    /// A limit ended it: fuel, memory, output, calls.
    Limit,
    /// The deadline ended it.
    Deadline,
    /// The caller gave up.
    Cancelled,
    /// The kill switch ended it.
    Killed,
    /// The host failed to carry it out, and nothing took effect.
    Failed,
    /// What came back held a credential: it was cut off there, and somebody has to look.
    Echo,
}

/// An intent whose end was not seen.
#[derive(Debug, Clone)]
pub struct Unknown {
    /// The intent.
    pub of: Seq,
    /// Why its end was not seen.
    pub why: Why,
    /// How many bytes had left the process, where that means anything.
    pub sent: Option<u64>,
}

/// Why the end of an intent was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The host ended between intent and outcome.
    Crash,
    /// The caller gave up while the effect was under way.
    Cancel,
    /// The deadline passed while the effect was under way.
    Deadline,
    /// The kill switch ended it.
    Kill,
    /// The host's own code panicked.
    Panic,
    /// The work was dropped without a word.
    Dropped,
}

/// What was asked for and not done.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    /// For whom and by whom.
    pub subject: Subject,
    /// The kind of effect that was asked for.
    pub action: String,
    /// The intent inside which it was asked for.
    pub parent: Option<Seq>,
    /// The skill, when the request named one that exists.
    pub skill: Option<String>,
    /// The digest of the component's bytes.
    pub digest: Option<String>,
    /// The tool.
    pub tool: Option<String>,
    /// Where the effect would have gone.
    pub place: Option<String>,
    /// The digest of the grant in force.
    pub grant: Option<String>,
    /// The digest of all the rules in force.
    pub policy: Option<String>,
    /// The refusal's code, such as `NOT_APPROVED`.
    pub code: String,
    /// Why, with the line that would allow it; cut at 1024 bytes.
    pub detail: String,
    /// How many equal refusals this record stands for.
    pub count: u64,
}

/// Something about the host itself.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// Who did it, if a person did.
    pub subject: Option<Subject>,
    /// What, such as `apply` or `kill`.
    pub action: String,
    /// The particulars: short ASCII names and host-made values.
    pub facts: BTreeMap<String, String>,
    /// What it is about, committed to and not disclosed.
    pub input: Option<Commitment>,
}
