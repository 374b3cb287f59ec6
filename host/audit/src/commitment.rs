//! Commitments: what a record says about a payload without disclosing it.

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use vouchsafe_keys::SealingKey;

use crate::LogError;
use crate::chain::hex;
use crate::salts::Salts;

/// HMAC-SHA256 of a payload under a fresh salt, and that salt sealed for whoever holds the log's key. Equal payloads
/// have unlike commitments, a guess can't be tried without the salt, and who is given salt and payload can check both
/// with any HMAC tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// The tag, in hex.
    hmac: String,
    /// The sealed salt, in base64, bound to the tag.
    salt: String,
}

impl Commitment {
    pub(crate) fn make(payload: &[u8], salts: &Salts, key: &SealingKey) -> Result<Self, LogError> {
        let salt = salts.next();
        let salt = salt.map_err(|_| LogError::Commitment("no randomness"))?;
        let tag = tag(&salt, payload);
        let sealed = key
            .seal(&salt, tag.as_ref())
            .map_err(|_| LogError::Commitment("the salt could not be sealed"))?;
        Ok(Self {
            hmac: hex(tag.as_ref()),
            salt: BASE64_STANDARD.encode(sealed),
        })
    }

    /// Whether it was made over `payload`. False also when the salt can't be unsealed.
    pub fn opens_with(&self, payload: &[u8], key: &SealingKey) -> bool {
        self.salt(key).is_some_and(|salt| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &salt);
            hex::decode(&self.hmac).is_ok_and(|tag| hmac::verify(&key, payload, &tag).is_ok())
        })
    }

    fn salt(&self, key: &SealingKey) -> Option<Vec<u8>> {
        let tag = hex::decode(&self.hmac).ok()?;
        let sealed = BASE64_STANDARD.decode(&self.salt).ok()?;
        key.open(&sealed, &tag).ok()
    }
}

fn tag(salt: &[u8], payload: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), payload)
}
