//! What an operator signs to put files into force, and what a host remembers of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vouchsafe_keys::PrivateKey;
use vouchsafe_keys::statement::{self, Envelope, StatementError};
use vouchsafe_package::Digest;
use vouchsafe_package::value::canonical;

/// The payload type of the envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.vouchsafe.applied+json";

/// These files, these bytes, from now on: number `serial` after `prev`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The form of this statement: [`Statement::VERSION`].
    pub version: u32,
    /// From one, without gaps.
    pub serial: u64,
    /// The digest of the statement before; none before the first.
    pub prev: Option<Digest>,
    /// The fingerprint of the key that signs.
    pub operator: String,
    /// When it was applied, by the operator's clock.
    pub applied_at: Timestamp,
    /// The files and their digests, nothing else.
    pub files: BTreeMap<String, Digest>,
    /// Components to switch on again with it, where they were switched off.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub enable: BTreeSet<Digest>,
    /// Whether it lifts what was switched off for a publisher or for everything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resume: bool,
}

/// Why bytes are not a statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementFault {
    /// Not JSON of this form.
    #[error("the applied statement can't be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Of a later form.
    #[error("the applied statement has version {0}, this host reads version {expected}", expected = Statement::VERSION)]
    Version(u32),
    /// More to switch on than one record tells.
    #[error("the applied statement switches on more than {max} components at once", max = Statement::MAX_ENABLE)]
    TooMany,
    /// The same words in other bytes.
    #[error("the applied statement is not in canonical form")]
    NotCanonical,
}

/// What a host remembers of the last statement that it accepted, authenticated, so that an older
/// one can't come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Its serial number.
    pub serial: u64,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The number of the revocation list that it put into force; 0 without one.
    pub revocations: u64,
}

impl Statement {
    /// The form that this host reads and writes.
    pub const VERSION: u32 = 1;

    /// The most components that one statement switches on again: they are all in its record.
    pub const MAX_ENABLE: usize = 16;

    /// The same, and switches `components` on again.
    #[must_use]
    pub fn enabling(mut self, components: impl IntoIterator<Item = Digest>) -> Self {
        self.enable.extend(components);
        self
    }

    /// The same, and lifts what was switched off for a publisher or for everything, if `resume`.
    #[must_use]
    pub fn resuming(self, resume: bool) -> Self {
        Self { resume, ..self }
    }

    /// Reads the payload of an envelope. Says nothing about who signed it.
    ///
    /// # Errors
    /// For anything but the canonical form of a statement of this version.
    pub fn parse(payload: &[u8]) -> Result<Self, StatementFault> {
        let statement: Self = serde_json::from_slice(payload)?;
        if statement.version != Self::VERSION {
            return Err(StatementFault::Version(statement.version));
        }
        if statement.enable.len() > Self::MAX_ENABLE {
            return Err(StatementFault::TooMany);
        }
        if statement.payload()? != payload {
            return Err(StatementFault::NotCanonical);
        }
        Ok(statement)
    }

    /// The bytes that are signed: canonical JSON.
    ///
    /// # Errors
    /// Never for a statement that was parsed or proposed; serialising can't promise it.
    pub fn payload(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_value(self).map(|json| canonical(&json))
    }

    /// Signs it.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign(&self, operator: &PrivateKey) -> Result<Envelope, StatementError> {
        let payload = self
            .payload()
            .map_err(|_| StatementError::Malformed("the statement does not serialise"))?;
        statement::sign(PAYLOAD_TYPE, &payload, operator)
    }
}
