//! Where credentials come from.

use std::sync::Arc;

use futures::future::BoxFuture;
use vouchsafe_policy::grant::KeptIn;

use crate::lease::Lease;

/// A store of credentials.
pub trait Provider: Send + Sync {
    /// What is kept there at this moment. The same value is the same lease, so that it has one version.
    ///
    /// # Errors
    /// Why it can't be had. Other credentials are not concerned.
    fn lease<'a>(&'a self, at: &'a KeptIn) -> BoxFuture<'a, Result<Arc<Lease>, Unavailable>>;
}

/// A credential that can't be had: the request that needs it is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unavailable {
    /// Why, in words for the operator.
    pub why: String,
    /// What would mend it; empty where nothing here would.
    pub fix: String,
}

impl Unavailable {
    pub(crate) fn new(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            fix: fix.into(),
        }
    }
}
