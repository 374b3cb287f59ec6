//! What is switched off whatever grants say, and which versions grants have followed to.
//!
//! The log is the truth: the file holds what its records told up to one of them, and at the start
//! the later ones are read. So an older copy of the file brings nothing back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vouchsafe_audit::{Record, Seq};
use vouchsafe_package::{Digest, SkillName};

use crate::agents::Marks;

/// Whose skill of which name: all its versions, those to come among them.
pub(crate) type Whole = (String, SkillName);

/// What is switched off or on: one component, and every version of its skill where one is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) digest: Digest,
    pub(crate) whole: Option<Whole>,
}

/// Why a component is off that was switched off.
const DISABLED: &str = "switched off; `vouchsafe install FILE` switches it on again";

/// Why one is off where its publisher or everything is.
const HALTED: &str = "halted; `vouchsafe apply --resume` lifts that";

/// The record of a halt.
pub(crate) const HALT: &str = "halt";

/// The switches as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switches {
    /// Everything up to this record is in here.
    record: Seq,
    components: BTreeSet<Digest>,
    skills: BTreeSet<Whole>,
    #[serde(default)]
    publishers: BTreeSet<String>,
    #[serde(default)]
    everything: bool,
    followed: BTreeSet<Digest>,
    #[serde(default)]
    agents: Marks,
}

impl Switches {
    /// The last record that is in here.
    pub(crate) fn record(&self) -> Seq {
        self.record
    }

    /// The same, said to hold everything up to `record`.
    pub(crate) fn up_to(mut self, record: Seq) -> Self {
        self.record = record;
        self
    }

    /// Why this component of this skill is off, where it is switched off.
    pub(crate) fn why_off(
        &self,
        digest: &Digest,
        publisher: &str,
        skill: &SkillName,
    ) -> Option<&'static str> {
        if self.everything || self.publishers.contains(publisher) {
            return Some(HALTED);
        }
        let whole = (publisher.to_owned(), skill.clone());
        let off = self.components.contains(digest) || self.skills.contains(&whole);
        off.then_some(DISABLED)
    }

    /// Switches off all skills of a publisher, or everything, those to come among them.
    pub(crate) fn halt(&mut self, publisher: Option<&str>) {
        match publisher {
            Some(publisher) => drop(self.publishers.insert(publisher.to_owned())),
            None => self.everything = true,
        }
    }

    /// Lifts what [`halt`](Self::halt) did; single skills that are off stay so.
    pub(crate) fn resume(&mut self) {
        self.publishers.clear();
        self.everything = false;
    }

    /// What is known of agents.
    pub(crate) fn agents(&self) -> &Marks {
        &self.agents
    }

    /// The same, to note more.
    pub(crate) fn agents_mut(&mut self) -> &mut Marks {
        &mut self.agents
    }

    /// Switches `targets` off.
    pub(crate) fn disable<'a>(&mut self, targets: impl IntoIterator<Item = &'a Target>) {
        for target in targets {
            self.components.insert(target.digest);
            self.skills.extend(target.whole.clone());
        }
    }

    /// Switches `targets` on again.
    pub(crate) fn enable<'a>(&mut self, targets: impl IntoIterator<Item = &'a Target>) {
        for target in targets {
            self.components.remove(&target.digest);
            if let Some(whole) = &target.whole {
                self.skills.remove(whole);
            }
        }
    }

    /// Notes that a grant followed to `digest`. Whether that is new.
    pub(crate) fn follow(&mut self, digest: Digest) -> bool {
        self.followed.insert(digest)
    }

    /// Takes in what a later record tells. What only an operator's statement can do, such as switching on, is
    /// never believed of a record, which anybody who can write the log could add.
    pub(crate) fn take_in(&mut self, record: &Record) {
        let facts = &record.facts;
        if let Some(action) = &record.action {
            self.agents.take_in(action, record.seq, facts);
        }
        match record.action.as_deref() {
            Some(HALT) => self.halt(facts.get("publisher").map(String::as_str)),
            Some("disable") => self.disable(&Target::from_facts(facts)),
            Some("follow") => {
                let target = Target::from_facts(facts);
                self.followed.extend(target.map(|target| target.digest));
            }
            _ => {}
        }
        self.record = record.seq;
    }
}

impl Target {
    /// The facts of its record.
    pub(crate) fn facts(&self) -> BTreeMap<String, String> {
        self.named("")
    }

    /// The facts of all `targets` that one statement switches on, for its one record.
    pub(crate) fn enabled(targets: &[Self]) -> BTreeMap<String, String> {
        let each = targets.iter().enumerate();
        each.flat_map(|(number, target)| target.named(&enabled(number)))
            .collect()
    }

    fn named(&self, prefix: &str) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::from([(format!("{prefix}digest"), self.digest.to_string())]);
        if let Some((publisher, skill)) = &self.whole {
            facts.insert(format!("{prefix}publisher"), publisher.clone());
            facts.insert(format!("{prefix}skill"), skill.to_string());
        }
        facts
    }

    fn from_facts(facts: &BTreeMap<String, String>) -> Option<Self> {
        let fact = |name: &str| facts.get(name);
        let whole = match (fact("publisher"), fact("skill").map(|skill| skill.parse())) {
            (Some(publisher), Some(Ok(skill))) => Some((publisher.clone(), skill)),
            _ => None,
        };
        Some(Self {
            digest: fact("digest")?.parse().ok()?,
            whole,
        })
    }
}

fn enabled(number: usize) -> String {
    format!("enabled-{number}-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(bytes: &[u8]) -> Target {
        Target {
            digest: Digest::of(bytes),
            whole: Some(("acme".to_owned(), "acme:pay".parse().unwrap())),
        }
    }

    fn record(seq: Seq, action: &str, facts: BTreeMap<String, String>) -> Record {
        Record {
            seq,
            action: Some(action.to_owned()),
            facts,
            ..Record::default()
        }
    }

    #[test]
    fn records_tell_what_the_switches_hold() {
        let (old, new, alone) = (target(b"old"), target(b"new"), target(b"alone"));
        let alone = Target {
            whole: None,
            ..alone
        };
        let pay = "acme:pay".parse().unwrap();
        let mut told = Switches::default();
        let mut done = Switches::default();
        told.take_in(&record(1, "disable", old.facts()));
        told.take_in(&record(2, "disable", alone.facts()));
        done.disable([&old, &alone]);
        assert_eq!(told, done.clone().up_to(2));
        assert!(told.why_off(&new.digest, "acme", &pay).is_some(), "to come");
        assert!(told.why_off(&new.digest, "other", &pay).is_none());
        let both = [old.clone(), alone.clone()];
        told.take_in(&record(3, "apply", Target::enabled(&both)));
        assert_eq!(told, done.clone().up_to(3), "a record alone lifts nothing");
        done.enable(&both);
        for target in [&old, &new, &alone] {
            assert!(done.why_off(&target.digest, "acme", &pay).is_none());
        }
    }

    #[test]
    fn a_halt_takes_all_of_a_publisher_or_everything_until_it_is_lifted() {
        let (one, pay) = (target(b"one"), "acme:pay".parse().unwrap());
        let off = |switches: &Switches, publisher: &str| {
            switches.why_off(&one.digest, publisher, &pay).is_some()
        };
        let of_acme = BTreeMap::from([("publisher".to_owned(), "acme".to_owned())]);
        let mut switches = Switches::default();
        switches.take_in(&record(1, HALT, of_acme));
        assert!(off(&switches, "acme") && !off(&switches, "other"));
        switches.take_in(&record(2, HALT, BTreeMap::new()));
        assert!(off(&switches, "acme") && off(&switches, "other"));
        switches.resume();
        assert!(!off(&switches, "acme") && !off(&switches, "other"));
        switches.disable([&one]);
        switches.resume();
        assert!(off(&switches, "acme"), "a single one stays off");
    }

    #[test]
    fn following_is_new_once() {
        let mut switches = Switches::default();
        assert!(switches.follow(Digest::of(b"new")));
        switches.take_in(&record(1, "follow", target(b"newer").facts()));
        assert!(!switches.follow(Digest::of(b"new")));
        assert!(!switches.follow(Digest::of(b"newer")));
    }
}
