//! Which calls are compared: who could make them, of which tool, with which arguments.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use vouchsafe_package::Param;

use super::axes::{Axis, axes, base};
use super::literals::Compared;
use super::{Incomparable, Key, Outcome, Rules, Skill};
use crate::callee::unversioned;
use crate::decide::{self, Request, within};
use crate::effective::EffectiveTool;
use crate::grant::Confirmation;
use crate::judge::Line;
use crate::role::{Principal, Role};

/// A tool, and who calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    pub(super) skill: Key,
    pub(super) tool: String,
    /// The skill that calls it and the interface by which it does, where no agent does.
    pub(super) by: Option<(Key, String)>,
}

/// All calls of a tool by agents of one role.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) question: Question,
    pub(super) role: String,
    pub(super) agents: Agents,
    pub(super) axes: Vec<Axis>,
    pub(super) base: Json,
    /// Whether each side, the old one first, has the tool with these arguments.
    pub(super) is_in: [bool; 2],
}

/// Agents that rules tell apart, and one for all others.
#[derive(Debug, Clone)]
pub(super) struct Agents {
    pub(super) names: Vec<String>,
}

/// The spaces of all tools that either side has, and the policies that compare otherwise than with a literal.
pub(super) fn spaces(sides: [&Rules<'_>; 2]) -> Result<(Vec<Space>, Vec<Line>), Incomparable> {
    let questions: BTreeSet<Question> = sides.iter().flat_map(|rules| questions(rules)).collect();
    let roles: BTreeSet<&str> = sides
        .iter()
        .flat_map(|rules| rules.content.roles())
        .map(|role| &*role.name.value)
        .collect();
    let mut inexact = BTreeSet::new();
    let mut spaces = Vec::new();
    for question in &questions {
        let mut compared = Compared::default();
        sides
            .iter()
            .for_each(|rules| question.compared(rules, &mut compared));
        let agents = Agents::of(&compared, sides);
        for (params, is_in) in question.shapes(sides) {
            let axes = axes(params, &compared).map_err(|_| Incomparable::TooMany {
                points: u64::MAX,
                tool: question.shown(),
            })?;
            let able = roles
                .iter()
                .filter(|role| sides.iter().any(|rules| question.can_be_asked(rules, role)));
            spaces.extend(able.map(|role| Space {
                question: question.clone(),
                role: (*role).to_owned(),
                agents: agents.clone(),
                axes: axes.clone(),
                base: base(params),
                is_in,
            }));
        }
        inexact.extend(compared.inexact);
    }
    let line = |place: crate::place::Place| Line {
        place: place.to_string(),
        says: "it compares otherwise than with a literal".to_owned(),
    };
    Ok((spaces, inexact.into_iter().map(line).collect()))
}

fn questions(rules: &Rules<'_>) -> Vec<Question> {
    let mut all = Vec::new();
    for (key, skill) in &rules.skills {
        let tools = skill.terms.effective.tools.keys();
        all.extend(tools.map(|tool| Question {
            skill: key.clone(),
            tool: tool.clone(),
            by: None,
        }));
        for (interface, named) in &skill.terms.effective.skills {
            let callee = (named.skill.value.clone(), named.publisher.value.clone());
            let tools = rules
                .skills
                .get(&callee)
                .into_iter()
                .flat_map(|callee| callee.answering(interface));
            all.extend(tools.map(|tool| Question {
                skill: callee.clone(),
                tool: tool.to_owned(),
                by: Some((key.clone(), interface.clone())),
            }));
        }
    }
    all
}

impl Skill<'_> {
    /// The granted tools that answer `interface`.
    fn answering<'a>(&'a self, interface: &'a str) -> impl Iterator<Item = &'a str> {
        let tools = self.declared.tools.iter().filter(move |tool| {
            let of = tool.export.interface.as_deref().map(unversioned);
            of == Some(interface) && self.terms.effective.tools.contains_key(&tool.name)
        });
        tools.map(|tool| tool.name.as_str())
    }
}

impl Question {
    pub(super) fn shown(&self) -> String {
        format!("{}/{}", self.skill.0, self.tool)
    }

    fn tool<'a>(&self, rules: &'a Rules<'_>) -> Option<&'a EffectiveTool> {
        let skill = rules.skills.get(&self.skill)?;
        skill
            .terms
            .effective
            .tools
            .get(&self.tool)
            .map(|tool| &**tool)
    }

    /// What the rules of one side compare its arguments with.
    fn compared(&self, rules: &Rules<'_>, compared: &mut Compared) {
        let matching = |scope: &crate::role::Scope| scope.has(&self.skill.0, &self.tool);
        let policies = rules.content.policies().iter();
        policies
            .filter(|one| matching(&one.scope.tools))
            .for_each(|one| compared.policy(one));
        let Some(tool) = self.tool(rules) else { return };
        if let Some(Confirmation::When { condition, .. }) =
            tool.confirm.as_ref().map(|at| &at.value)
        {
            compared.condition(condition);
        }
        tool.author_condition
            .iter()
            .for_each(|condition| compared.condition(condition));
    }

    /// The arguments that the tool takes, and which side has it with those. With other arguments it is another tool.
    fn shapes<'a>(&self, [old, new]: [&'a Rules<'_>; 2]) -> Vec<(&'a [Param], [bool; 2])> {
        match (self.tool(old), self.tool(new)) {
            (Some(before), Some(after)) if shape(&before.params) == shape(&after.params) => {
                vec![(&after.params, [true; 2])]
            }
            (before, after) => {
                let before = before.map(|tool| (&*tool.params, [true, false]));
                before
                    .into_iter()
                    .chain(after.map(|tool| (&*tool.params, [false, true])))
                    .collect()
            }
        }
    }

    /// Whether agents of `role` get as far as asking.
    fn can_be_asked(&self, rules: &Rules<'_>, role: &str) -> bool {
        let Some(role) = rules.content.role(role) else {
            return false;
        };
        match &self.by {
            None => role.may_call(&self.skill.0, &self.tool).is_some(),
            Some((caller, _)) => rules.reaches(role, caller),
        }
    }
}

fn shape(params: &[Param]) -> Vec<(&str, String)> {
    params
        .iter()
        .map(|param| (&*param.name, param.ty.to_string()))
        .collect()
}

impl Rules<'_> {
    /// Whether agents of `role` may call any tool of the skill, or one of a skill that calls it.
    fn reaches(&self, role: &Role, key: &Key) -> bool {
        let Some(skill) = self.skills.get(key) else {
            return false;
        };
        let mut tools = skill.terms.effective.tools.keys();
        let itself = tools.any(|tool| role.may_call(&key.0, tool).is_some());
        // It ends: files whose grants name one another in a circle are not read.
        itself
            || self.skills.iter().any(|(caller, skill)| {
                let mut named = skill.terms.effective.skills.values();
                named.any(|it| it.skill.value == key.0 && it.publisher.value == key.1)
                    && self.reaches(role, caller)
            })
    }
}

impl Space {
    pub(super) fn points(&self) -> u64 {
        let axes = self.axes.iter().map(|axis| axis.len() as u64);
        axes.fold(self.agents.names.len() as u64, u64::saturating_mul)
    }

    /// What one side decides. `known` are the people who are of no group anew.
    pub(super) fn decide(
        &self,
        rules: &Rules<'_>,
        agent: &str,
        input: &Json,
        known: &BTreeSet<String>,
    ) -> Outcome {
        let Question { skill, tool, by } = &self.question;
        let (Some(role), Some(skill)) = (rules.content.role(&self.role), rules.skills.get(skill))
        else {
            return Outcome::Refused;
        };
        let principal = Principal {
            tenant: "local".into(),
            id: agent.into(),
            role: self.role.as_str().into(),
        };
        let decision = match by {
            None => decide::of_terms(
                &skill.terms,
                &Request {
                    principal: &principal,
                    role,
                    tool,
                    input,
                },
            ),
            Some((caller, interface)) => {
                let Some(calling) = rules
                    .skills
                    .get(caller)
                    .filter(|_| rules.reaches(role, caller))
                else {
                    return Outcome::Refused;
                };
                let nested = within::Nested {
                    caller: &calling.terms,
                    principal: &principal,
                    interface,
                    tool,
                    input,
                    left: &calling.terms.effective.limits,
                };
                within::of_terms(&skill.terms, &nested)
            }
        };
        Outcome::of(decision, rules.content.people(), known)
    }
}

impl Agents {
    fn of(compared: &Compared, sides: [&Rules<'_>; 2]) -> Self {
        let people = sides
            .iter()
            .flat_map(|rules| rules.content.people().settings.works_for.keys());
        let named: BTreeSet<String> = compared.agents.iter().chain(people).cloned().collect();
        let other = (1..)
            .map(|times| "another-agent".repeat(times))
            .find(|name| !named.contains(name));
        Self {
            names: named.into_iter().chain(other).collect(),
        }
    }

    /// Which agents `selected` are; any if all are.
    pub(super) fn words(&self, selected: &[usize]) -> Option<String> {
        if selected.len() == self.names.len() {
            return None;
        }
        let last = self.names.len().checked_sub(1);
        let other = last.is_some_and(|last| selected.contains(&last));
        // With the one that stands for all others: everybody but the rest.
        let named = self
            .names
            .iter()
            .enumerate()
            .filter(|(at, _)| selected.contains(at) != other);
        let named: Vec<_> = named.map(|(_, name)| format!("{name:?}")).collect();
        Some(match other {
            true => format!("any but {}", named.join(", ")),
            false => named.join(", "),
        })
    }
}
