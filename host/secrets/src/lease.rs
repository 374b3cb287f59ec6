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
    user: Option<Secret>,
    /// What ends when nobody holds this any more.
    _held: Option<Arc<dyn Send + Sync>>,
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
            user: None,
            _held: None,
            watch: OnceLock::new(),
        })
    }

    /// With the user of basic authentication, who is kept beside it.
    ///
    /// # Errors
    /// When such a user can't be sent (RFC 7617, 2).
    pub(crate) fn of_user(self, user: Secret) -> Result<Self, Unavailable> {
        let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b':';
        match user.expose().iter().all(plain) {
            true => Ok(Self {
                user: Some(user),
                ..self
            }),
            false => Err(Unavailable::new(
                format!(
                    "the credential `{}`: its user has a `:`, or is not plain",
                    self.reference
                ),
                "",
            )),
        }
    }

    /// Keeps `held` as long as this is kept.
    pub(crate) fn while_held(self, held: Arc<dyn Send + Sync>) -> Self {
        Self {
            _held: Some(held),
            ..self
        }
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
        self.watch
            .get_or_init(|| Arc::new(Watch::new(&self.parts())))
    }

    /// Finds it, or `signature`, which was made with it, in what comes back.
    #[must_use]
    pub fn watch_with(&self, signature: &str) -> Arc<Watch> {
        let mut parts = self.parts();
        parts.push(signature.as_bytes());
        Arc::new(Watch::new(&parts))
    }

    /// All of it, and its password.
    fn parts(&self) -> Vec<&[u8]> {
        let value = self.value.expose();
        let password = value.splitn(2, |byte| *byte == b':').nth(1);
        let password = password.filter(|password| password.len() >= strength::SHORTEST);
        std::iter::once(value).chain(password).collect()
    }

    /// Whose it is, where that is kept beside it.
    pub(crate) fn user(&self) -> Option<&str> {
        let user = self.user.as_ref()?;
        std::str::from_utf8(user.expose()).ok()
    }

    pub(crate) fn value(&self) -> &[u8] {
        self.value.expose()
    }
}
