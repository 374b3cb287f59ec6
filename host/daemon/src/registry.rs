//! The tools that agents see, by their MCP names.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use vouchsafe_package::{Digest, Effect, Tier, Tool};

use crate::skill::InstalledSkill;

/// The host's own tool, whose name no skill's tool gets.
pub(crate) const APPROVAL_RESULT: &str = "approval_result";

/// The tools in force.
#[derive(Default)]
pub struct Registry {
    entries: BTreeMap<String, Entry>,
}

/// One tool of one installed skill.
#[derive(Clone)]
pub struct Entry {
    skill: Arc<InstalledSkill>,
    tool: Arc<Tool>,
}

impl Registry {
    /// The granted tools of `skills`. Of two skills that claim one name, or the host's, neither gets it: the names
    /// are returned too, for the operator to give one of them an `alias`.
    pub fn new(skills: &[Arc<InstalledSkill>]) -> (Self, Vec<String>) {
        let mut claims: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for skill in skills {
            for (name, tool) in skill.tools() {
                claims.entry(name).or_default().push(Entry {
                    skill: skill.clone(),
                    tool: Arc::clone(tool),
                });
            }
        }
        let mut entries = BTreeMap::new();
        let mut contested = Vec::new();
        for (name, mut claimants) in claims {
            match (claimants.pop(), claimants.is_empty()) {
                (Some(only), true) if name != APPROVAL_RESULT => drop(entries.insert(name, only)),
                _ => contested.push(name),
            }
        }
        (Self { entries }, contested)
    }

    /// The tool called `name`.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// The tool that exports the WIT function `function` of the component `digest`.
    pub fn of(&self, digest: &Digest, function: &str) -> Option<&Entry> {
        self.entries
            .values()
            .find(|entry| entry.skill.digest() == *digest && entry.tool.name == function)
    }

    /// The tools whose names come after `cursor`, in order.
    pub fn entries_after(&self, cursor: Option<&str>) -> impl Iterator<Item = (&str, &Entry)> {
        let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries
            .range::<str, _>((after, Bound::Unbounded))
            .map(|(name, entry)| (name.as_str(), entry))
    }
}

impl Entry {
    /// The skill.
    pub fn skill(&self) -> &Arc<InstalledSkill> {
        &self.skill
    }

    /// The tool as its author declared it.
    pub fn tool(&self) -> &Arc<Tool> {
        &self.tool
    }

    /// Its effect under the grant, which may be above the declared one.
    pub fn effect(&self) -> Effect {
        self.skill.effect(&self.tool)
    }

    /// Whether it can reach anything outside the host.
    pub fn is_open_world(&self) -> bool {
        self.skill.package().tier != Tier::Pure
    }
}
