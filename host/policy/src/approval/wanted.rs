//! What is wanted before a call may be made: every tier that a line asks for, all of them met.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vouchsafe_package::manifest::Span;

use super::people::counts;
use super::{People, Says, Tier, Vote};
use crate::decide::Permit;
use crate::judge::Line;
use crate::place::amend;

/// A line that asks for a person, and for which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) line: Line,
    /// The tier's name.
    pub(crate) tier: String,
    /// How long they have by this line.
    pub(crate) within: Option<Span>,
}

/// Who has to say yes, why, and by when. Several tiers are met together or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The tiers, without those that another one implies.
    pub tiers: Vec<Tier>,
    /// The lines that ask, each with the tier it asks for.
    pub asked_by: Vec<(String, String)>,
    /// The person for whom the agent works, where the operator said so.
    pub requester: Option<String>,
    /// The shortest time that a line or a tier leaves.
    pub within: Span,
}

/// A call that a person must decide on: what is wanted, and the permit that it would then have.
#[derive(Debug)]
pub struct Asked {
    pub(crate) permit: Permit,
    pub(crate) wanted: Wanted,
    pub(crate) why: String,
    pub(crate) obstacle: Option<(String, String)>,
}

impl Asked {
    /// What is wanted.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Why somebody is asked.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The first line that asks.
    #[must_use]
    pub fn line(&self) -> &str {
        self.wanted
            .asked_by
            .first()
            .map_or("", |(line, _)| line.as_str())
    }

    /// Why nobody can say yes as things are, and what would change it.
    #[must_use]
    pub fn obstacle(&self) -> Option<(&str, &str)> {
        let (why, fix) = self.obstacle.as_ref()?;
        Some((why, fix))
    }

    /// What the call would have if it were approved: to show, not to use.
    #[must_use]
    pub fn proposed(&self) -> &Permit {
        &self.permit
    }

    /// The permit, if `votes` are all that is wanted.
    ///
    /// # Errors
    /// The same again while somebody's yes is missing.
    pub fn approved(self, votes: &[Vote], people: &People) -> Result<Permit, Box<Self>> {
        match self.wanted.is_met(votes, people) {
            true => Ok(self.permit),
            false => Err(Box::new(self)),
        }
    }
}

impl Wanted {
    /// What `asks` add up to. The tier that nothing defines is told, and then nothing is wanted: it is denied.
    pub(crate) fn of(asks: &[Ask], people: &People, principal: &str) -> Result<Self, String> {
        let mut tiers: Vec<Tier> = Vec::new();
        let mut within = u64::MAX;
        for ask in asks {
            let tier = people.tier(&ask.tier).ok_or_else(|| ask.tier.clone())?;
            within = within.min(tier.within.0);
            within = within.min(ask.within.map_or(u64::MAX, |span| span.0));
            if !tiers.iter().any(|wanted| wanted.implies(&tier)) {
                tiers.retain(|wanted| !tier.implies(wanted));
                tiers.push(tier);
            }
        }
        Ok(Self {
            asked_by: asks
                .iter()
                .map(|ask| (ask.line.place.clone(), ask.tier.clone()))
                .collect(),
            tiers,
            requester: people.person_of(principal).map(str::to_owned),
            within: Span(within),
        })
    }

    /// Why nobody can say yes as things are, and what would change it.
    pub(crate) fn obstacle(&self, people: &People, principal: &str) -> Option<(String, String)> {
        self.tiers.iter().find_map(|tier| {
            if tier.somebody_else && self.requester.is_none() {
                let why = format!(
                    "`{}` wants somebody else than who asks, and nothing says for whom `{principal}` works",
                    tier.name
                );
                let line = format_args!(
                    "under `[works-for]`, add `{principal} = \"person@example\"`"
                );
                let fix = amend("vouchsafe.toml", line);
                return Some((why, fix));
            }
            let could = people.could_say_yes(tier, self.requester.as_deref()).len();
            if could >= usize::try_from(tier.people).unwrap_or(usize::MAX) {
                return None;
            }
            let why = format!(
                "`{}` needs {tier}, and {could} of those who are enrolled would count",
                tier.name
            );
            let group = tier
                .from
                .as_ref()
                .map_or_else(String::new, |group| format!(" --group {group}"));
            let fix = format!(
                "run `vouchsafe approver enrol NAME --person WHO --key FILE.pub{group}` for one more person, then `vouchsafe apply`"
            );
            Some((why, fix))
        })
    }

    /// Whether everybody whose yes is wanted said yes, and nobody no. Several keys of a person are one.
    #[must_use]
    pub fn is_met(&self, votes: &[Vote], people: &People) -> bool {
        let refused = votes.iter().any(|vote| vote.says() == Says::Deny);
        !refused
            && !self.tiers.is_empty()
            && self
                .tiers
                .iter()
                .all(|tier| self.is_met_for(tier, votes, people))
    }

    fn is_met_for(&self, tier: &Tier, votes: &[Vote], people: &People) -> bool {
        let said_yes: BTreeSet<&str> = votes
            .iter()
            .filter_map(|vote| people.holder(vote.key()))
            .filter(|approver| counts(tier, approver, self.requester.as_deref()))
            .map(|approver| approver.person.value.as_str())
            .collect();
        said_yes.len() >= usize::try_from(tier.people).unwrap_or(usize::MAX)
    }

    /// Whether the yes of who holds `vote`'s key counts for any tier.
    #[must_use]
    pub fn counts(&self, vote: &Vote, people: &People) -> bool {
        let holder = people.holder(vote.key());
        holder.is_some_and(|approver| {
            let mut tiers = self.tiers.iter();
            tiers.any(|tier| counts(tier, approver, self.requester.as_deref()))
        })
    }

    /// Whether the no of who holds `vote`'s key ends it: of whoever is asked, and of the person for whom the agent works.
    #[must_use]
    pub fn heeds(&self, vote: &Vote, people: &People) -> bool {
        let theirs = self.requester.as_deref() == Some(vote.person());
        theirs || self.counts(vote, people)
    }

    /// Who is asked, in words.
    #[must_use]
    pub fn who(&self) -> String {
        let tiers: Vec<_> = self.tiers.iter().map(|tier| self.who_for(tier)).collect();
        tiers.join("; and ")
    }

    fn who_for(&self, tier: &Tier) -> String {
        let plain = Tier {
            somebody_else: false,
            ..tier.clone()
        };
        match (&self.requester, tier.somebody_else) {
            (Some(requester), true) => format!("{plain}, not {requester}"),
            _ => tier.to_string(),
        }
    }
}
