//! What is wanted before a call may be made: every tier that a line asks for, all of them met.

use serde::{Deserialize, Serialize};
use vouchsafe_package::manifest::Span;

use super::{People, Tier};
use crate::judge::Line;

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
    /// The tiers, each once.
    pub tiers: Vec<Tier>,
    /// The lines that ask, each with the tier it asks for.
    pub asked_by: Vec<(String, String)>,
    /// The person for whom the agent works, where the operator said so.
    pub requester: Option<String>,
    /// The shortest time that a line or a tier leaves.
    pub within: Span,
}

/// A call that a person must decide on.
#[derive(Debug)]
pub struct Asked {
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
            if !tiers.contains(&tier) {
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
                let fix = format!(
                    "vouchsafe.toml: under `[works-for]`, add `{principal} = \"person@example\"`, then `vouchsafe apply`"
                );
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
                .map_or_else(String::new, |group| format!(", of `{group}`"));
            let fix = format!(
                "write `approvers/NAME.toml` for one more person{group}, then `vouchsafe apply`"
            );
            Some((why, fix))
        })
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
