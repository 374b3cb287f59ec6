//! Tokens that bring an agent in, once: an operator's signed statement that whoever holds it is this agent.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vouchsafe_keys::statement::{self, Envelope, StatementError};
use vouchsafe_keys::{PrivateKey, PublicKey};

/// The statement's type (DSSE).
const TYPE: &str = "application/vnd.vouchsafe.invitation+json";

/// What a token begins with, so that it is known for what it is wherever it turns up.
const PREFIX: &str = "vouchsafe-invitation-1.";

/// The longest token, in characters.
const MAX: usize = 16 << 10;

/// What an operator states: until then, who holds this may come in as this agent, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The agent.
    pub agent: String,
    /// What tells it from every other: 128 random bits in hex.
    pub id: String,
    /// When it ends.
    pub until: Timestamp,
    /// Where the host is: `https://HOST:PORT`.
    pub url: String,
    /// The certificate (PEM) that the host is known by.
    pub root: String,
    /// The last record of the host's log when it was made: what is revoked after it takes it back.
    pub after: u64,
}

/// Why a token brings nobody in.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// It is none.
    #[error("this is no token of `vouchsafe agent invite`")]
    Malformed,
    /// No operator signed it.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// It came too late.
    #[error("the token ended at {0}")]
    Ended(Timestamp),
}

/// An invitation as it is handed over. It is a credential until it is used.
#[derive(Clone)]
pub struct Token(String);

impl Invitation {
    /// The token that says so, by `operator`'s key.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn sign(&self, operator: &PrivateKey) -> Result<Token, StatementError> {
        let malformed = |_| StatementError::Malformed("it can't be written");
        let statement = serde_json::to_vec(self).map_err(malformed)?;
        let envelope = statement::sign(TYPE, &statement, operator)?;
        let text = serde_json::to_vec(&envelope).map_err(malformed)?;
        Ok(Token(format!("{PREFIX}{}", BASE64.encode(text))))
    }

    /// What `token` says, if one of `operators` signed it and its time has not come.
    ///
    /// # Errors
    /// [`InvitationError`], for everything else.
    pub fn verify(
        token: &Token,
        operators: &[PublicKey],
        now: Timestamp,
    ) -> Result<Self, InvitationError> {
        let statement = statement::verify(&token.envelope()?, TYPE, operators)?;
        let invitation: Self =
            serde_json::from_slice(&statement).map_err(|_| InvitationError::Malformed)?;
        match invitation.until > now {
            true => Ok(invitation),
            false => Err(InvitationError::Ended(invitation.until)),
        }
    }
}

impl Token {
    /// Reads the text of a token. Who signed it is not looked at.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, InvitationError> {
        let token = Self(text.trim().to_owned());
        token.unverified()?;
        Ok(token)
    }

    /// What it says, for who holds it and was given it by the operator. The host believes nothing of this.
    ///
    /// # Errors
    /// When it is none.
    pub fn unverified(&self) -> Result<Invitation, InvitationError> {
        let payload = self.envelope()?.payload;
        let payload = base64::engine::general_purpose::STANDARD.decode(payload);
        let payload = payload.map_err(|_| InvitationError::Malformed)?;
        serde_json::from_slice(&payload).map_err(|_| InvitationError::Malformed)
    }

    /// The text that is handed over.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn envelope(&self) -> Result<Envelope, InvitationError> {
        let text = Some(&*self.0).filter(|text| text.len() <= MAX);
        let text = text.and_then(|text| text.strip_prefix(PREFIX));
        let bytes = BASE64.decode(text.ok_or(InvitationError::Malformed)?);
        let bytes = bytes.map_err(|_| InvitationError::Malformed)?;
        serde_json::from_slice(&bytes).map_err(|_| InvitationError::Malformed)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(..)")
    }
}
