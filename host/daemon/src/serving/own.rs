//! The host's own certificate: made anew well before it ends, and when the host is called otherwise.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use vouchsafe_ambient::clock;

use crate::owner::Owner;

/// How long one holds.
const TTL: SignedDuration = SignedDuration::from_hours(24);

/// How long one is shown: connections that began with it may last another while.
const SHOWN: SignedDuration = SignedDuration::from_hours(12);

/// The certificate that is shown at present.
#[derive(Default)]
pub(super) struct Own(Mutex<Option<Shown>>);

struct Shown {
    names: Vec<String>,
    until: Timestamp,
    config: Arc<ServerConfig>,
}

impl Own {
    /// TLS as it is spoken to who comes now.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub(super) fn config(&self, owner: &Owner) -> Result<Arc<ServerConfig>, String> {
        let ((names, _), now) = (owner.called(), clock::now());
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shown) = shown
            .as_ref()
            .filter(|shown| shown.names == names && shown.until > now)
        {
            return Ok(shown.config.clone());
        }
        let authority = owner.door().authority();
        let own = authority
            .own(&names, (now, TTL))
            .map_err(|error| error.to_string())?;
        let config = vouchsafe_identity::server(own, authority.root())?;
        *shown = Some(Shown {
            names,
            until: now.saturating_add(SHOWN).unwrap_or(Timestamp::MAX),
            config: config.clone(),
        });
        Ok(config)
    }
}
