//! The sealed file: credentials by name, each sealed alone under the host's keystore.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use vouchsafe_keys::statement::Envelope;
use vouchsafe_keys::{MacKey, PublicKey, SealError, SealingKey, Secret};
use vouchsafe_package::Digest;
use vouchsafe_package::value::canonical;
use vouchsafe_policy::grant::is_secret_name;

use crate::change::{Change, ChangeError};
use crate::strength;

/// More than one host needs.
const MOST: usize = 1000;

/// All that is kept. Whoever holds it knows names and ages; the values open with the keystore alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The number of the last change; 0 before the first.
    pub number: u64,
    entries: BTreeMap<String, Entry>,
}

/// One credential, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    sealed: String,
    /// The change that set it.
    pub number: u64,
    /// When it was set.
    pub set: Timestamp,
    /// Whether the operator accepted that it can be guessed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
}

/// What a value is sealed with, so that it opens under no other name and number.
#[must_use]
pub fn context(name: &str, number: u64) -> Vec<u8> {
    format!("secret {name} {number}").into_bytes()
}

impl Sealed {
    /// What is kept, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry))
    }

    /// What is kept as `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// What the next change has to name: all that is kept, the statement in force and the host whose key `host` is.
    /// A restore signs a statement anew, so no change that was signed before it is for what there is after it.
    #[must_use]
    pub fn state(&self, statement: Option<&Digest>, host: &MacKey) -> Digest {
        let all = json!({ "credentials": self, "statement": statement });
        Digest::of(&host.tag(&canonical(&all)))
    }

    /// The file after a change that one of `operators` signed for `state`; `bytes` are the sealed value, if there is one.
    ///
    /// # Errors
    /// When it is not signed, not the next, not of this state or these bytes, or not fit to be kept.
    pub fn changed(
        &self,
        signed: &Envelope,
        bytes: Option<&[u8]>,
        (operators, state): (&[PublicKey], &Digest),
        key: &SealingKey,
    ) -> Result<(Self, Change), ChangeError> {
        let change = Change::accept(signed, operators)?;
        let next = self.number.saturating_add(1);
        if change.number != next {
            let signed = change.number;
            return Err(ChangeError::NotNext { signed, next });
        }
        if change.after != *state {
            return Err(ChangeError::Elsewhere);
        }
        if !is_secret_name(&change.name) {
            return Err(ChangeError::Name(change.name.chars().take(60).collect()));
        }
        if change.sealed != bytes.map(Digest::of) {
            return Err(ChangeError::OtherBytes);
        }
        let mut after = self.clone();
        after.number = next;
        match bytes {
            Some(bytes) => after.set(&change, bytes, key)?,
            None => after.remove(&change.name)?,
        }
        Ok((after, change))
    }

    fn set(&mut self, change: &Change, bytes: &[u8], key: &SealingKey) -> Result<(), ChangeError> {
        let value = Secret::new(key.open(bytes, &context(&change.name, change.number))?);
        strength::fit(value.expose())?;
        if strength::is_weak(value.expose()) && !change.weak {
            return Err(ChangeError::Weak);
        }
        let entry = Entry {
            sealed: BASE64.encode(bytes),
            number: change.number,
            set: change.at,
            weak: change.weak,
        };
        self.entries.insert(change.name.clone(), entry);
        match self.entries.len() > MOST {
            true => Err(ChangeError::TooMany(MOST)),
            false => Ok(()),
        }
    }

    fn remove(&mut self, name: &str) -> Result<(), ChangeError> {
        let removed = self.entries.remove(name);
        removed
            .map(drop)
            .ok_or_else(|| ChangeError::Absent(name.to_owned()))
    }

    /// The value kept as `name`, if there is one.
    pub(crate) fn open(&self, name: &str, key: &SealingKey) -> Option<Result<Secret, SealError>> {
        let entry = self.entries.get(name)?;
        Some(entry.open(name, key))
    }

    /// The same values, sealed by `next`: after a rotation the old root opens none of them.
    ///
    /// # Errors
    /// When one does not open.
    pub fn resealed(&self, old: &SealingKey, next: &SealingKey) -> Result<Self, SealError> {
        let mut after = self.clone();
        for (name, entry) in &mut after.entries {
            let value = entry.open(name, old)?;
            let sealed = next.seal(value.expose(), &context(name, entry.number))?;
            entry.sealed = BASE64.encode(sealed);
        }
        Ok(after)
    }
}

impl Entry {
    fn open(&self, name: &str, key: &SealingKey) -> Result<Secret, SealError> {
        let sealed = BASE64
            .decode(&self.sealed)
            .map_err(|_| SealError::NotOurs)?;
        key.open(&sealed, &context(name, self.number))
            .map(Secret::new)
    }
}

#[cfg(test)]
mod tests;
