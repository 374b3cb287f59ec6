//! What would change: each permission that comes or goes, each restriction that falls or is added.

mod facts;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Content;
use facts::{Fact, Sense};

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    /// More is allowed than before.
    More,
    /// Less is allowed than before.
    Less,
    /// Neither, but other words or names.
    Other,
}

/// One difference between what is in force and what is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which way it goes.
    pub direction: Direction,
    /// The line, of the proposal if it stands there, else of what was in force.
    pub place: String,
    /// What it is about: a skill of a publisher, a role, a publisher.
    pub subject: String,
    /// What comes (`+`), goes (`-`) or changes.
    pub says: String,
    /// Whether all that it changes is whether calls may be made, which [`compare`](crate::compare) holds against calls.
    #[serde(skip)]
    pub(crate) decides: bool,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::More => "MORE",
            Self::Less => "LESS",
            Self::Other => "OTHER",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            direction,
            place,
            subject,
            says,
            decides: _,
        } = self;
        write!(f, "{direction:5}  {subject}: {says}  ({place})")
    }
}

/// Every difference from `old` (nothing, at the first time) to `new`, what allows more first.
#[must_use]
pub fn changes(old: Option<&Content>, new: &Content) -> Vec<Change> {
    let old = old.map_or_else(facts::of_nothing, facts::of);
    let new = facts::of(new);
    let mut all: Vec<Change> = came_or_changed(&old, &new)
        .chain(went(&old, &new))
        .collect();
    all.sort_by_cached_key(|change| {
        let (file, line) = change.place.rsplit_once(':').unwrap_or((&change.place, ""));
        let line: usize = line.parse().unwrap_or(0);
        (
            change.direction,
            change.subject.clone(),
            file.to_owned(),
            line,
            change.says.clone(),
        )
    });
    all
}

type Facts = BTreeMap<(String, String), Fact>;

fn came_or_changed<'a>(old: &'a Facts, new: &'a Facts) -> impl Iterator<Item = Change> + 'a {
    new.iter().filter_map(|((subject, says), fact)| {
        match old.get(&(subject.clone(), says.clone())) {
            None if fact.unsaid => None,
            None => Some(change(
                subject,
                fact,
                fact.sense.gained(),
                format!("+ {}", fact.said(says)),
            )),
            Some(before) if before.amount != fact.amount => {
                let (from, to) = (
                    before.amount.unwrap_or_default(),
                    fact.amount.unwrap_or_default(),
                );
                let direction = if to > from {
                    fact.sense.lost()
                } else {
                    fact.sense.gained()
                };
                Some(change(
                    subject,
                    fact,
                    direction,
                    format!("{says} {} -> {}", before.shown, fact.shown),
                ))
            }
            Some(_) => None,
        }
    })
}

fn went<'a>(old: &'a Facts, new: &'a Facts) -> impl Iterator<Item = Change> + 'a {
    old.iter()
        .filter(|(key, fact)| {
            let goes_with = |of: &String| !new.contains_key(&(key.0.clone(), of.clone()));
            !fact.unsaid && !new.contains_key(*key) && !fact.of.iter().any(goes_with)
        })
        .map(|((subject, says), fact)| {
            change(
                subject,
                fact,
                fact.sense.lost(),
                format!("- {}", fact.said(says)),
            )
        })
}

fn change(subject: &str, fact: &Fact, direction: Direction, says: String) -> Change {
    Change {
        direction,
        place: fact.place.clone(),
        subject: subject.to_owned(),
        says,
        decides: fact.decides,
    }
}

impl Sense {
    fn gained(self) -> Direction {
        match self {
            Self::Permits => Direction::More,
            Self::Restricts => Direction::Less,
            Self::Neither => Direction::Other,
        }
    }

    fn lost(self) -> Direction {
        match self {
            Self::Permits => Direction::Less,
            Self::Restricts => Direction::More,
            Self::Neither => Direction::Other,
        }
    }
}
