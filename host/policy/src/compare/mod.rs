//! What two sets of rules decide differently: `vouchsafe policy diff`.
//!
//! Each call that somebody could make is put to [`decide`](crate::decide()) under both: every role and agent that a file
//! names, every tool of either side, and arguments from every class that a condition or policy of either side tells
//! apart. The decision is the gate's own, so there is no second reading of the rules that could differ from it. What
//! the files permit beside (destinations, credentials, models, stores, skills, bounds) is told by [`changes`].
//!
//! Arguments fall into finitely many classes because a comparison with a literal does: below it, at it, above it. What
//! compares otherwise (one argument with another, a sum, a pattern) is named in [`Comparison::inexact`], and then each
//! line that allows more counts as a widening, whatever was found.

mod axes;
mod classes;
mod literals;
mod outcome;
mod questions;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;
use vouchsafe_package::{Digest, Package, SkillName};

use crate::apply::{Change, Content, Direction, changes};
use crate::effective::Declared;
use crate::granted::{NotGranted, Terms};
use crate::judge::Line;
use crate::place::Place;

use axes::Axis;
use classes::{Block, boxes};
pub use outcome::Outcome;
use outcome::direction;
use questions::{Question, Space, spaces};

/// The most calls that are compared; beyond that nothing is, since a sample would miss what it does not try.
pub const MOST_POINTS: u64 = 2_000_000;

/// Rules of one side, and what the components that they grant declare.
#[derive(Debug)]
pub struct Rules<'a> {
    content: &'a Content,
    skills: BTreeMap<Key, Skill<'a>>,
}

/// Whose skill of which name.
type Key = (SkillName, String);

#[derive(Debug)]
struct Skill<'a> {
    declared: Declared<'a>,
    terms: Terms,
}

/// Why two sets of rules can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum Incomparable {
    /// What a grant gives depends on what its component declares.
    #[error(
        "{place}: the component {digest} is not at hand, so nobody can say what the grant gives"
    )]
    Absent {
        /// The line that pins it.
        place: Place,
        /// Its digest.
        digest: Digest,
    },
    /// The files can't be put into force with this component.
    #[error("{0}")]
    Unfit(#[from] NotGranted),
    /// There are too many calls to try each.
    #[error(
        "{points} calls would have to be compared, and at most {MOST_POINTS} are: `{tool}` has the most"
    )]
    TooMany {
        /// How many, or more than can be counted.
        points: u64,
        /// The tool with the most of them.
        tool: String,
    },
}

/// Everything in which two sets of rules differ.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Whether the new rules allow anything that the old ones do not.
    pub widens: bool,
    /// How many calls were put to both.
    pub compared: u64,
    /// Classes of calls that are decided differently; what allows more first.
    pub calls: Vec<Class>,
    /// The differences of the files, line by line; what allows more first.
    pub lines: Vec<Difference>,
    /// Policies that compare otherwise than with a literal.
    pub inexact: Vec<Line>,
}

/// Calls that are decided alike by the old rules, alike by the new, and not the same by both.
#[derive(Debug, Serialize)]
pub struct Class {
    /// Which way the decision goes.
    pub direction: Direction,
    /// The role of those who call.
    pub role: String,
    /// Which agents of that role, in words; any if absent.
    pub agents: Option<String>,
    /// The skill that is called.
    pub skill: SkillName,
    /// Its publisher.
    pub publisher: String,
    /// The WIT function.
    pub tool: String,
    /// The skill that makes the call, where an agent does not.
    pub by: Option<SkillName>,
    /// The arguments, in words: each holds. All calls if there are none.
    pub when: Vec<String>,
    /// What the old rules say.
    pub before: Outcome,
    /// What the new rules say.
    pub after: Outcome,
    /// How many of the compared calls are in it.
    pub points: u64,
    /// One of them.
    pub example: Example,
}

/// A call of a class.
#[derive(Debug, Serialize)]
pub struct Example {
    /// The agent.
    pub agent: String,
    /// The arguments that are compared, and for the others any.
    pub input: Json,
}

/// A difference of the files.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// What differs.
    #[serde(flatten)]
    pub change: Change,
    /// Whether it counts by itself. Lines that only decide on calls do not where every class of calls was compared.
    pub counts: bool,
}

impl<'a> Rules<'a> {
    /// The rules of `content`, of whose grants each pins one of `packages`.
    ///
    /// # Errors
    /// [`Incomparable::Absent`], and where a grant or a policy does not fit its component.
    pub fn new(content: &'a Content, packages: &'a [Package]) -> Result<Self, Incomparable> {
        let declared: Vec<_> = packages.iter().map(Declared::from).collect();
        Self::of(content, &declared)
    }

    fn of(content: &'a Content, declared: &[Declared<'a>]) -> Result<Self, Incomparable> {
        let mut skills = BTreeMap::new();
        for grant in content.grants() {
            let digest = grant.digest.value;
            let pinned = declared.iter().find(|one| one.digest == digest);
            let declared = *pinned.ok_or_else(|| Incomparable::Absent {
                place: grant.digest.place.clone(),
                digest,
            })?;
            let publisher = &grant.publisher.value;
            // Nothing is put into force here, so there is no statement whose digest it could be.
            let terms = Terms::under(&declared, publisher, None, content, Digest::of(b""))?;
            let key = (grant.skill.value.clone(), publisher.clone());
            skills.insert(key, Skill { declared, terms });
        }
        Ok(Self { content, skills })
    }
}

/// Everything that `new` decides otherwise than `old`, or permits beside.
///
/// # Errors
/// [`Incomparable::TooMany`].
pub fn compare(old: &Rules<'_>, new: &Rules<'_>) -> Result<Comparison, Incomparable> {
    let sides = [old, new];
    let (spaces, inexact) = spaces(sides)?;
    let known = known_before(sides);
    affordable(&spaces)?;
    let mut calls = Vec::new();
    for space in &spaces {
        calls.extend(differences(sides, space, &known));
    }
    calls.sort_by_key(|class| class.direction);
    let lines = changes(Some(old.content), new.content).into_iter();
    let lines: Vec<_> = lines
        .map(|change| Difference {
            counts: !(change.decides && inexact.is_empty()),
            change,
        })
        .collect();
    let more = |direction: Direction| direction == Direction::More;
    Ok(Comparison {
        widens: calls.iter().any(|class| more(class.direction))
            || lines
                .iter()
                .any(|line| line.counts && more(line.change.direction)),
        compared: spaces.iter().map(Space::points).sum(),
        calls,
        lines,
        inexact,
    })
}

/// The people who may say yes on both sides and are of no group anew: who else may is told by the files' lines.
fn known_before(sides: [&Rules<'_>; 2]) -> BTreeSet<String> {
    let groups = |rules: &Rules<'_>| {
        let mut people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for approver in rules.content.people().approvers() {
            let groups = approver.groups.iter().map(|group| group.value.clone());
            people
                .entry(approver.person.value.clone())
                .or_default()
                .extend(groups);
        }
        people
    };
    let [old, new] = sides.map(groups);
    let of_none_anew = |(person, groups): &(String, BTreeSet<String>)| {
        old.get(person)
            .is_some_and(|before| groups.is_subset(before))
    };
    let known = new.into_iter().filter(of_none_anew);
    known.map(|(person, _)| person).collect()
}

fn affordable(spaces: &[Space]) -> Result<(), Incomparable> {
    let all = spaces.iter().map(Space::points);
    let points = all.fold(0, u64::saturating_add);
    if points <= MOST_POINTS {
        return Ok(());
    }
    let most = spaces.iter().max_by_key(|space| space.points());
    let tool = most.map_or_else(String::new, |space| space.question.shown());
    Err(Incomparable::TooMany { points, tool })
}

/// The classes of one tool's calls by one role.
fn differences(sides: [&Rules<'_>; 2], space: &Space, known: &BTreeSet<String>) -> Vec<Class> {
    let mut kinds: Vec<(Outcome, Outcome)> = Vec::new();
    let mut found = Vec::new();
    let axes: Vec<&Axis> = space.axes.iter().collect();
    for agent in &space.agents.names {
        axes::each(&axes, &space.base, &mut |input| {
            let [old, new] = sides;
            let [in_old, in_new] = space.is_in;
            let decide = |rules, is_in| match is_in {
                true => space.decide(rules, agent, input, known),
                false => Outcome::Refused,
            };
            found.push(kind(&mut kinds, decide(old, in_old), decide(new, in_new)));
        });
    }
    let mut dims = vec![space.agents.names.len()];
    dims.extend(space.axes.iter().map(Axis::len));
    let class = |one: Block| {
        let (before, after) = kinds.get(one.kind.checked_sub(1)?)?;
        Some(space.class(&one, before, after))
    };
    boxes(&found, &dims).into_iter().filter_map(class).collect()
}

/// The number of this difference, and 0 for none.
fn kind(kinds: &mut Vec<(Outcome, Outcome)>, before: Outcome, after: Outcome) -> usize {
    if before == after {
        return 0;
    }
    let pair = (before, after);
    let known = kinds.iter().position(|kind| *kind == pair);
    known.map_or_else(
        || {
            kinds.push(pair);
            kinds.len()
        },
        |at| at + 1,
    )
}

impl Space {
    fn class(&self, one: &Block, before: &Outcome, after: &Outcome) -> Class {
        let Question {
            skill, tool, by, ..
        } = &self.question;
        let (agents, arguments) = one
            .selected
            .split_first()
            .map_or((&[][..], &[][..]), |(first, rest)| (first.as_slice(), rest));
        let words = self.axes.iter().zip(arguments);
        Class {
            direction: direction(before, after),
            role: self.role.clone(),
            agents: self.agents.words(agents),
            skill: skill.0.clone(),
            publisher: skill.1.clone(),
            tool: tool.clone(),
            by: by.as_ref().map(|(caller, _)| caller.0.clone()),
            when: words
                .filter_map(|(axis, chosen)| axis.words(chosen))
                .collect(),
            before: before.clone(),
            after: after.clone(),
            points: one.points(),
            example: Example {
                agent: agents
                    .first()
                    .and_then(|at| self.agents.names.get(*at))
                    .cloned()
                    .unwrap_or_default(),
                input: axes::chosen(&self.axes, &self.base, arguments),
            },
        }
    }
}

#[cfg(test)]
mod tests;
