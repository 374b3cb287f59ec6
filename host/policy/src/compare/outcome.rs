//! What is decided on a call, and which of two decisions allows more.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::apply::Direction;
use crate::approval::{People, Tier};
use crate::decide::Decision;

/// What is decided on a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "decision")]
pub enum Outcome {
    /// It is not made.
    Refused,
    /// People have to say yes.
    Asked(Asking),
    /// It is made.
    Allowed,
}

/// Whom it is asked of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asking {
    /// In words.
    pub who: String,
    /// How long they have, in milliseconds.
    pub within_ms: u64,
    /// Whether as many are enrolled as are wanted.
    pub can_be_met: bool,
    /// What each tier wants, with those of the people who are of no group anew that would count.
    #[serde(skip)]
    tiers: Vec<(Tier, BTreeSet<String>)>,
}

impl Outcome {
    /// What `decision` comes to. Of those who could say yes only `known` are looked at.
    pub(super) fn of(decision: Decision, people: &People, known: &BTreeSet<String>) -> Self {
        let asked = match decision {
            Decision::Allow(_) => return Self::Allowed,
            Decision::Deny { .. } => return Self::Refused,
            Decision::NeedsPerson(asked) => asked,
        };
        let wanted = asked.wanted();
        let tier = |tier: &Tier| {
            let could = people.could_say_yes(tier, wanted.requester.as_deref());
            let could = could.into_iter().map(str::to_owned);
            // What a tier is called is no part of what it asks.
            let tier = Tier {
                name: String::new(),
                ..tier.clone()
            };
            (
                tier,
                could.filter(|person| known.contains(person)).collect(),
            )
        };
        Self::Asked(Asking {
            who: wanted.who(),
            within_ms: wanted.within.0,
            can_be_met: asked.obstacle().is_none(),
            tiers: wanted.tiers.iter().map(tier).collect(),
        })
    }
}

/// Which way it goes from `before` to `after`, which differ. What allows more in one respect and less in another
/// allows more.
pub(super) fn direction(before: &Outcome, after: &Outcome) -> Direction {
    if !is_as_strict(after, before) {
        Direction::More
    } else if !is_as_strict(before, after) {
        Direction::Less
    } else {
        Direction::Other
    }
}

/// Whether whoever gets a call through `this` would get it through `other`.
fn is_as_strict(this: &Outcome, other: &Outcome) -> bool {
    match (this, other) {
        (Outcome::Refused, _) | (_, Outcome::Allowed) => true,
        (Outcome::Asked(this), Outcome::Asked(other)) => {
            let met = |tier: &(Tier, BTreeSet<String>)| {
                let is_met_by = |own: &(Tier, BTreeSet<String>)| {
                    own.0.implies(&tier.0) && own.1.is_subset(&tier.1)
                };
                this.tiers.iter().any(is_met_by)
            };
            (other.can_be_met || !this.can_be_met) && other.tiers.iter().all(met)
        }
        _ => false,
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("refused"),
            Self::Allowed => f.write_str("allowed"),
            Self::Asked(asking) => {
                let within = vouchsafe_package::manifest::Span(asking.within_ms);
                write!(f, "asks {} within {within}", asking.who)?;
                match asking.can_be_met {
                    true => Ok(()),
                    false => f.write_str(" (not enough are enrolled)"),
                }
            }
        }
    }
}
