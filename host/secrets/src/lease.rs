//! A credential in hand.

use std::sync::{Arc, OnceLock};

use vouchsafe_keys::{Secret, never_implements};

use crate::provider::Unavailable;
use crate::strength;
use crate::watch::Watch;

/// A credential as it is at this moment. Wiped when nobody needs it any more.
pub struct Lease {
    reference: String,
    version: String,
    value: Secret,
    watch: OnceLock<Arc<Watch>>,
}

never_implements!(Lease: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);

impl Lease {
    /// What is kept as `reference`. Another `version` is another value.
    ///
    /// # Errors
    /// When it can't be used as a credential.
    pub fn new(reference: String, version: String, value: Secret) -> Result<Self, Unavailable> {
        strength::fit(value.expose()).map_err(|unfit| {
            Unavailable::new(format!("the credential `{reference}`: {unfit}"), "")
        })?;
        Ok(Self {
            reference,
            version,
            value,
            watch: OnceLock::new(),
        })
    }

    /// Where it is kept, as records name it.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Which value it is of those that were ever kept there.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Finds it in what comes back.
    #[must_use]
    pub fn watch(&self) -> &Arc<Watch> {
        self.watch.get_or_init(|| {
            let value = self.value.expose();
            let password = value.splitn(2, |byte| *byte == b':').nth(1);
            let password = password.filter(|password| password.len() >= strength::SHORTEST);
            let parts: Vec<&[u8]> = std::iter::once(value).chain(password).collect();
            Arc::new(Watch::new(&parts))
        })
    }

    pub(crate) fn value(&self) -> &[u8] {
        self.value.expose()
    }
}
