//! A person's yes or no to one request: a statement signed with their key.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vouchsafe_keys::statement::{self, Envelope, StatementError};
use vouchsafe_keys::{PrivateKey, PublicKey};
use vouchsafe_package::Digest;
use vouchsafe_package::value::canonical;

use super::People;

/// The payload type of the envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.vouchsafe.approval+json";

/// What somebody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// Make exactly this call, once, now.
    Approve,
    /// Don't.
    Deny,
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        })
    }
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteStatement {
    /// The form: [`VoteStatement::VERSION`].
    pub version: u32,
    /// The digest of exactly what was shown: [`super::ApprovalRequest::digest`].
    pub request: Digest,
    /// Yes or no.
    pub says: Says,
    /// The fingerprint of the key that signs.
    pub approver: String,
    /// When, by the approver's clock; for people, never for a decision.
    pub at: Timestamp,
}

/// A yes or no that was believed: an enrolled key signed it, about exactly this request.
/// [`Vote::verify`] alone makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Vote {
    statement: VoteStatement,
    key: PublicKey,
    person: String,
}

/// Why a yes or no does not count.
#[derive(Debug, thiserror::Error)]
pub enum VoteError {
    /// The signature, its key or its kind.
    #[error("the decision is not believed: {0}")]
    NotSigned(#[from] StatementError),
    /// Not JSON of this form.
    #[error("the decision can't be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The same words in other bytes, another version, or more than one signature.
    #[error("the decision is not in the form of this version")]
    Form,
    /// Signed by one key in the name of another.
    #[error("the decision names another key than the one that signed it")]
    OtherKey,
    /// About something else than what is asked.
    #[error("the decision is about another request")]
    OtherRequest,
}

impl VoteStatement {
    /// The form that this host reads and writes.
    pub const VERSION: u32 = 1;

    /// Signs it with the approver's key.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign(
        request: Digest,
        says: Says,
        at: Timestamp,
        key: &PrivateKey,
    ) -> Result<Envelope, StatementError> {
        let statement = Self {
            version: Self::VERSION,
            request,
            says,
            approver: key.public().fingerprint(),
            at,
        };
        let payload = statement
            .payload()
            .map_err(|_| StatementError::Malformed("the decision does not serialise"))?;
        statement::sign(PAYLOAD_TYPE, &payload, key)
    }

    /// Reads the payload of an envelope. Says nothing about who signed it.
    ///
    /// # Errors
    /// For anything but the canonical form of this version.
    pub fn parse(payload: &[u8]) -> Result<Self, VoteError> {
        let statement: Self = serde_json::from_slice(payload)?;
        if statement.version != Self::VERSION || statement.payload()? != payload {
            return Err(VoteError::Form);
        }
        Ok(statement)
    }

    fn payload(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_value(self).map(|json| canonical(&json))
    }
}

impl Vote {
    /// Believes `envelope` if one of `people` signed it, about `request`.
    ///
    /// # Errors
    /// Each reason of [`VoteError`].
    pub fn verify(
        envelope: &Envelope,
        people: &People,
        request: &Digest,
    ) -> Result<Self, VoteError> {
        if envelope.signatures.len() != 1 {
            return Err(VoteError::Form); // which of them is recorded, and whose word it is, must be one
        }
        let keys: Vec<_> = people
            .approvers()
            .iter()
            .map(|approver| approver.key.value.clone())
            .collect();
        let (payload, signer) = statement::verify_signer(envelope, PAYLOAD_TYPE, &keys)?;
        let statement = VoteStatement::parse(&payload)?;
        if statement.approver != signer.fingerprint() {
            return Err(VoteError::OtherKey);
        }
        if statement.request != *request {
            return Err(VoteError::OtherRequest);
        }
        let holder = people.holder(signer).ok_or(VoteError::OtherKey)?;
        Ok(Self {
            person: holder.person.value.clone(),
            key: signer.clone(),
            statement,
        })
    }

    /// Yes or no.
    #[must_use]
    pub fn says(&self) -> Says {
        self.statement.says
    }

    /// Whose word it is.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.person
    }

    /// The key that signed it.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// When, by the approver's clock.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.statement.at
    }
}
