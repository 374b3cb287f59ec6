//! What an operator signs to change the sealed file: one name, the digest of what it gets, and the one state of the one
//! host that it changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vouchsafe_keys::statement::{self, Envelope, StatementError};
use vouchsafe_keys::{PrivateKey, PublicKey, SealError};
use vouchsafe_package::Digest;
use vouchsafe_package::value::canonical;

use crate::strength::Unfit;

/// The payload type of the envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.vouchsafe.secret+json";

/// One change of the sealed file, after number `number - 1`. It holds no credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The form: [`Change::VERSION`].
    pub version: u32,
    /// From one, without gaps.
    pub number: u64,
    /// The fingerprint of the key that signs.
    pub operator: String,
    /// When, by the operator's clock.
    pub at: Timestamp,
    /// What it changes, and where: [`crate::Sealed::state`].
    pub after: Digest,
    /// The credential's name.
    pub name: String,
    /// The digest of the sealed bytes; none to take the credential away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Digest>,
    /// That it may be weak.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
}

/// Why bytes are no change.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFault {
    /// Not JSON of this form.
    #[error("the change can't be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version, or the same words in other bytes.
    #[error("the change is not in the form of this version")]
    Form,
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// No enrolled operator signed it.
    #[error("no operator of this host signed it: {0}")]
    Unsigned(#[from] StatementError),
    /// What was signed is no change.
    #[error(transparent)]
    Fault(#[from] ChangeFault),
    /// Another change came first, or this one comes a second time.
    #[error(
        "it was signed as change {signed}, and the next is {next}: something else was changed meanwhile"
    )]
    NotNext {
        /// Its number.
        signed: u64,
        /// The number that it should have.
        next: u64,
    },
    /// It is for another state or another host.
    #[error(
        "it was signed for another host, or for what this one was before a restore or an `apply`"
    )]
    Elsewhere,
    /// The bytes are not those that were signed.
    #[error("what is to be kept is not what was signed")]
    OtherBytes,
    /// The bytes can't be opened.
    #[error("what is to be kept: {0}")]
    Seal(#[from] SealError),
    /// Not a name.
    #[error("`{0}` is no name: want lower-case words with single hyphens, such as `bank-token`")]
    Name(String),
    /// Nothing of that name is kept.
    #[error("no credential `{0}` is kept")]
    Absent(String),
    /// It can't be one.
    #[error("it can't be used as a credential: {0}")]
    Unfit(#[from] Unfit),
    /// It can be guessed, and nobody accepted that.
    #[error("it is weak: it holds less than {} bits", crate::strength::ENOUGH_BITS)]
    Weak,
    /// More than one host needs.
    #[error("more than {0} credentials are kept")]
    TooMany(usize),
}

impl Change {
    /// The form that this host reads and writes.
    pub const VERSION: u32 = 1;

    /// Signs it.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign(&self, operator: &PrivateKey) -> Result<Envelope, StatementError> {
        let payload = self
            .payload()
            .map_err(|_| StatementError::Malformed("the change does not serialise"))?;
        statement::sign(PAYLOAD_TYPE, &payload, operator)
    }

    /// What one of `operators` signed under its own name.
    pub(crate) fn accept(signed: &Envelope, operators: &[PublicKey]) -> Result<Self, ChangeError> {
        let payload = statement::verify(signed, PAYLOAD_TYPE, operators)?;
        let change: Self = serde_json::from_slice(&payload).map_err(ChangeFault::from)?;
        if change.version != Self::VERSION
            || change.payload().map_err(ChangeFault::from)? != payload
        {
            return Err(ChangeFault::Form.into());
        }
        let named: Vec<_> = operators
            .iter()
            .filter(|key| key.fingerprint() == change.operator)
            .cloned()
            .collect();
        statement::verify(signed, PAYLOAD_TYPE, &named)?;
        Ok(change)
    }

    fn payload(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_value(self).map(|json| canonical(&json))
    }
}
