//! What is said over the owner's socket: one line of JSON each way, then either more such lines
//! (control) or the bytes of an MCP session.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use vouchsafe_keys::statement::Envelope;
use vouchsafe_package::Digest;
use vouchsafe_policy::Faults;
use vouchsafe_policy::approval::ApprovalId;

/// The version of this protocol; another version is refused, since both sides are one binary.
pub const VERSION: u32 = 1;

/// The longest line of control traffic, in bytes.
pub const MAX_LINE: usize = 16 << 20;

/// The first line of a client.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`VERSION`].
    pub vouchsafe: u32,
    /// What follows.
    pub mode: Mode,
}

/// What follows the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Requests and replies of this module.
    Control,
    /// An MCP session, byte for byte.
    Mcp,
}

/// The owner's answer to a greeting.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// [`VERSION`].
    pub vouchsafe: u32,
    /// The owner's process id.
    pub pid: u32,
    /// Why it serves no further client of this mode, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// One thing asked of the owner.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Is anybody there?
    Ping,
    /// What is in force: serial number, digests, files.
    InForce,
    /// Keep a component and its bundle, if trust in force or proposed lets it in. Grants nothing.
    Keep {
        /// The component file, read by the owner once.
        file: PathBuf,
        /// What `file` must hold; else it changed since it was shown.
        digest: Digest,
        /// Whether an older version than the highest seen is wanted on purpose.
        allow_rollback: bool,
    },
    /// Put files into force.
    Apply {
        /// The operator's signed statement.
        statement: Envelope,
        /// The files it names, by path in the configuration directory.
        files: BTreeMap<String, String>,
    },
    /// The installed skills.
    List,
    /// The tools of external servers that skills in force may call, with what was accepted and what was listed last.
    Upstreams,
    /// Switch a skill off; needs no proof, since it only takes away.
    Disable {
        /// The skill's name, alias or digest.
        skill: String,
    },
    /// Switch all skills of a publisher off, or everything; needs no proof either.
    Halt {
        /// Whose; everything when absent.
        publisher: Option<String>,
    },
    /// Which components a name means.
    Find {
        /// The skill's name, alias or digest, or the beginning of a digest.
        skill: String,
    },
    /// Forget a component.
    Remove {
        /// The skill's name, alias or digest.
        skill: String,
    },
    /// Call a tool.
    Call {
        /// The tool's MCP name.
        tool: String,
        /// Its arguments.
        arguments: Json,
        /// Further arguments as a person wrote them; the tool's types say what they mean.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        words: BTreeMap<String, String>,
    },
    /// Say which lines decide, without doing anything.
    Why {
        /// The skill's name or alias.
        skill: String,
        /// The WIT function.
        tool: String,
        /// The principal to ask for, `AGENT` or `ROLE/AGENT`; the caller's own when absent.
        principal: Option<String>,
        /// The arguments; `null` when absent.
        input: Json,
    },
    /// The calls that wait for people.
    Approvals,
    /// One of them, exactly as it is to be shown and signed.
    Approval {
        /// What people call it.
        id: ApprovalId,
    },
    /// Say yes or no to one.
    Vote {
        /// What people call it.
        id: ApprovalId,
        /// The approver's signed decision.
        vote: Envelope,
    },
    /// Change the sealed credentials. No value is ever in a request but sealed.
    Credential {
        /// The operator's signed change.
        change: Envelope,
        /// The value, sealed by this home's keystore and in base64; absent to take it away.
        sealed: Option<String>,
    },
    /// Which credentials are kept, and who uses them.
    Credentials,
    /// Records of the log, oldest first.
    AuditShow {
        /// The first sequence number wanted; the last `limit` records when absent.
        from: Option<u64>,
        /// At most this many.
        limit: usize,
    },
    /// Check the log.
    AuditVerify {
        /// A head kept elsewhere, as `audit verify` prints it.
        expect: Option<String>,
        /// A checkpoint kept elsewhere: the text of the note.
        from: Option<String>,
    },
    /// What keeps the log from being published, and what its witnesses say.
    AuditState,
    /// Publish the log as far as it is durable.
    AuditCheckpoint,
    /// Have a witness sign for the log as far as it is durable.
    AuditCosign {
        /// Where it is.
        url: String,
        /// Its key.
        witness: String,
    },
    /// A record, and the proof that it is in the log.
    AuditProve {
        /// The record's sequence number.
        seq: u64,
    },
    /// The agents that come over the network, and what an invitation needs.
    Agents,
    /// Keep an agent out: its certificates up to now count no more. Needs no proof, since it only takes away.
    RevokeAgent {
        /// Its name.
        agent: String,
    },
    /// What is kept of what records commit to, opened and checked.
    AuditPayloads {
        /// Of which record; of the subject when absent.
        seq: Option<u64>,
        /// Of which subject.
        subject: Option<String>,
        /// How many of them were had already.
        skip: usize,
    },
    /// Destroy the key of a subject.
    AuditErase {
        /// The operator's signed word.
        erasure: Envelope,
    },
    /// End once the calls under way are done, and after some seconds at the latest.
    Stop,
}

/// The owner's answer to a [`Request`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done; the facts.
    Done(Json),
    /// It was not done.
    Failed(Failure),
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Which kind of failure, for the exit code.
    pub kind: FailureKind,
    /// What went wrong, for the operator.
    pub message: String,
    /// What would mend it: a line to write or a command to run.
    pub fix: Option<String>,
}

/// Kinds of failure, each with an exit code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The request makes no sense here.
    Usage,
    /// A check said no.
    Refused,
    /// The tool ran and failed.
    Tool,
    /// The host itself failed.
    Internal,
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self {
            fix: faults.fix(),
            ..Self::refused(faults.problems())
        }
    }
}

impl Failure {
    /// A check said no.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Refused, message)
    }

    /// The request makes no sense here.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    /// The host itself failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, message)
    }

    /// The same, with what would mend it.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            fix: None,
        }
    }
}
