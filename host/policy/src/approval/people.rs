//! Everybody who can be asked, and whom each agent works for: as in force.

use std::collections::BTreeSet;

use vouchsafe_keys::PublicKey;

use super::{Approver, Tier};
use crate::settings::Settings;

/// The tiers, the approvers and whose agents there are.
#[derive(Debug, Clone, Default)]
pub struct People {
    pub(crate) settings: Settings,
    pub(crate) approvers: Vec<Approver>,
}

impl People {
    /// The tier called `name`, built in or the operator's.
    #[must_use]
    pub fn tier(&self, name: &str) -> Option<Tier> {
        let own = self.settings.confirm.get(name).map(|at| at.value.clone());
        Tier::built_in(name).or(own)
    }

    /// The enrolled approvers.
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// The person for whom `principal` works, where the operator said so.
    #[must_use]
    pub fn person_of(&self, principal: &str) -> Option<&str> {
        let at = self.settings.works_for.get(principal)?;
        Some(&at.value)
    }

    /// Whose key this is.
    #[must_use]
    pub fn holder(&self, key: &PublicKey) -> Option<&Approver> {
        self.approvers
            .iter()
            .find(|approver| approver.key.value == *key)
    }

    /// The different people who could say yes for `tier` when `requester`'s agent asks.
    pub(crate) fn could_say_yes(&self, tier: &Tier, requester: Option<&str>) -> BTreeSet<&str> {
        let eligible = self
            .approvers
            .iter()
            .filter(|approver| counts(tier, approver, requester));
        eligible
            .map(|approver| approver.person.value.as_str())
            .collect()
    }
}

/// Whether the yes of `approver` counts for `tier`. Where somebody else is wanted and nobody knows who asks,
/// everybody might be the one who asks.
pub(crate) fn counts(tier: &Tier, approver: &Approver, requester: Option<&str>) -> bool {
    let another = match requester {
        Some(requester) => approver.person.value != requester,
        None => false,
    };
    approver.is_of(tier.from.as_deref()) && (another || !tier.somebody_else)
}
