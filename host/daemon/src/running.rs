//! Calls under way, by component: what is switched off ends them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use vouchsafe_package::Digest;

use crate::skill::InstalledSkill;
use crate::switches::Whole;

/// One token for all calls of a component. Whoever takes it before the gate and passes the gate
/// is reached by [`Running::end`]: the rules change before it.
#[derive(Default)]
pub(crate) struct Running(Mutex<BTreeMap<Digest, (Whole, CancellationToken)>>);

impl Running {
    /// What ends calls of `skill`.
    pub(crate) fn token(&self, skill: &InstalledSkill) -> CancellationToken {
        let package = skill.package();
        let whole = || {
            let publisher = skill.granted().verified().publisher().to_owned();
            (publisher, package.name.clone())
        };
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = running.entry(package.digest);
        let (_, token) = entry.or_insert_with(|| (whole(), CancellationToken::new()));
        token.clone()
    }

    /// Ends every call of the components that `ends` says.
    pub(crate) fn end(&self, ends: impl Fn(&Digest, &Whole) -> bool) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|digest, (whole, token)| {
            let ended = ends(digest, whole);
            if ended {
                token.cancel();
            }
            !ended
        });
    }
}
