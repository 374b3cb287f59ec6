//! The policies of one component's tools, compiled once for each snapshot of rules, and a call held
//! against those that can match it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy,
    PolicyId, PolicySet, Request, Response, RestrictedExpression,
};
use serde_json::Value as Json;
use vouchsafe_package::manifest::Confirm;
use vouchsafe_package::{Effect, Param, SkillName};

use super::written::{Demand, Written};
use super::{ACTION, CALL, NAMESPACE, ROLE, SKILL, TOOL, UNATTENDED, context, role, uid};
use crate::effective::{Effective, EffectiveTool};
use crate::grant::Confirmation;
use crate::role::Role;

/// What decides on calls of one component.
#[derive(Debug)]
pub(crate) struct Engine {
    tools: BTreeMap<String, Compiled>,
}

/// The policies of one tool, by role.
#[derive(Debug)]
struct Compiled {
    entities: Entities,
    resource: EntityUid,
    roles: BTreeMap<String, Sets>,
    /// For calls that another skill makes, by agents of any role.
    by_skill: Sets,
}

/// The policies that can match calls of one tool, by one role or by any. What permits is in both sets, and each of
/// the others in one.
#[derive(Debug)]
struct Sets {
    /// Those that refuse a call.
    call: Set,
    /// Those that ask for a person.
    unattended: Set,
    rules: HashMap<PolicyId, Rule>,
    looks_at_input: bool,
}

#[derive(Debug)]
struct Set {
    action: EntityUid,
    policies: PolicySet,
    /// Whether it holds more than what permits, and so can decide otherwise.
    forbids: bool,
}

/// Where a policy comes from.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// Roles, grants, manifests and defaults.
    Own(Own),
    /// A line of `policies/*.cedar`.
    Written(Arc<Written>),
}

/// A rule that no file has as Cedar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// The role and the grant, which only together permit.
    Permit,
    /// `confirm` in the grant.
    Grant,
    /// `confirm` in the manifest.
    Author,
    /// What can't be undone needs a person.
    Irreversible,
}

/// What is known of a call beside its tool and role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) agent: &'a str,
    pub(crate) role: &'a str,
    /// Whether another skill makes it, whose own call the role allowed.
    pub(crate) by_skill: bool,
    pub(crate) input: &'a Json,
    /// Whether the grant's condition asks for a person.
    pub(crate) grant_asks: bool,
    /// Whether the author's does.
    pub(crate) author_asks: bool,
}

/// What the policies say to a call.
#[derive(Debug)]
pub(crate) enum Ruling<'a> {
    /// Role and grant do not both allow it.
    NotPermitted,
    /// These forbid it.
    Forbidden(Vec<Reason<'a>>),
    /// These ask for a person.
    Attended(Vec<Reason<'a>>),
    /// It goes unattended.
    Unattended,
}

/// A policy that decides.
#[derive(Debug)]
pub(crate) struct Reason<'a> {
    pub(crate) rule: &'a Rule,
    /// Whether it could not be evaluated, which counts as a match.
    pub(crate) failed: bool,
}

/// Why policies can't be compiled: a fault of this program, since each part was read before.
pub(crate) type Uncompiled = String;

impl Engine {
    pub(crate) fn new<'a>(
        skill: &SkillName,
        effective: &Effective,
        roles: impl Iterator<Item = &'a Role> + Clone,
        written: &[Arc<Written>],
    ) -> Result<Self, Uncompiled> {
        let compile = |tool: &EffectiveTool| Compiled::new(skill, tool, roles.clone(), written);
        let all = effective.tools.iter();
        let tools = all.map(|(name, tool)| Ok((name.clone(), compile(tool)?)));
        Ok(Self {
            tools: tools.collect::<Result<_, Uncompiled>>()?,
        })
    }

    /// Denying comes before asking, asking before allowing. A policy that can't be evaluated has
    /// matched.
    pub(crate) fn rule(&self, tool: &EffectiveTool, call: &Call<'_>) -> Ruling<'_> {
        let ruling = self.tools.get(&tool.name).and_then(|compiled| {
            let sets = match call.by_skill {
                true => &compiled.by_skill,
                false => compiled.roles.get(call.role)?,
            };
            sets.rule(compiled, &tool.params, call)
        });
        ruling.unwrap_or(Ruling::NotPermitted)
    }
}

impl Compiled {
    fn new<'a>(
        skill: &SkillName,
        tool: &EffectiveTool,
        roles: impl Iterator<Item = &'a Role>,
        written: &[Arc<Written>],
    ) -> Result<Self, Uncompiled> {
        let resource = entity(TOOL, &format!("{skill}/{}", tool.name))?;
        let permitted = roles.filter(|role| role.may_call(skill, &tool.name).is_some());
        let roles = permitted.map(|role| {
            let name = &role.name.value;
            let scope = format!("principal == {ROLE}::\"{name}\"");
            let matching = written
                .iter()
                .filter(|one| one.can_match(name, skill, &tool.name));
            Ok((name.clone(), Sets::of(skill, tool, &scope, matching)?))
        });
        let of_tool = written
            .iter()
            .filter(|one| one.scope.tools.has(skill, &tool.name));
        Ok(Self {
            entities: entities(skill, tool, &resource)?,
            roles: roles.collect::<Result<_, Uncompiled>>()?,
            by_skill: Sets::of(skill, tool, "principal", of_tool)?,
            resource,
        })
    }
}

fn entities(
    skill: &SkillName,
    tool: &EffectiveTool,
    resource: &EntityUid,
) -> Result<Entities, Uncompiled> {
    let effect = RestrictedExpression::new_string(tool.effect.to_string());
    let namespace = entity(NAMESPACE, skill.namespace())?;
    let of = entity(SKILL, &skill.to_string())?;
    let attributes = [("effect".to_owned(), effect)].into();
    let tool = Entity::new(resource.clone(), attributes, [of.clone()].into());
    let all = [
        tool.map_err(|error| error.to_string())?,
        Entity::new_no_attrs(of, [namespace.clone()].into()),
        Entity::new_no_attrs(namespace, [].into()),
    ];
    Entities::from_entities(all, None).map_err(|error| error.to_string())
}

fn entity(kind: &str, id: &str) -> Result<EntityUid, Uncompiled> {
    uid(kind, id).ok_or_else(|| format!("`{kind}` is no type of Cedar's"))
}

impl Sets {
    fn of<'a>(
        skill: &SkillName,
        tool: &EffectiveTool,
        principal: &str,
        written: impl Iterator<Item = &'a Arc<Written>>,
    ) -> Result<Self, Uncompiled> {
        let mut sets = Self::new()?;
        sets.add_own(skill, tool, principal)?;
        for one in written {
            sets.add_written(one)?;
        }
        Ok(sets)
    }

    fn new() -> Result<Self, Uncompiled> {
        Ok(Self {
            call: Set::new(CALL)?,
            unattended: Set::new(UNATTENDED)?,
            rules: HashMap::new(),
            looks_at_input: false,
        })
    }

    /// What role, grant, manifest and defaults come to.
    fn add_own(
        &mut self,
        skill: &SkillName,
        tool: &EffectiveTool,
        principal: &str,
    ) -> Result<(), Uncompiled> {
        let resource = format!("resource == {TOOL}::\"{skill}/{}\"", tool.name);
        let scope = format!("({principal}, action, {resource})");
        let policy = |own: Own, text: String| {
            let id = PolicyId::new(format!("{own:?} {scope}"));
            Policy::parse(Some(id), text).map_err(|errors| errors.to_string())
        };
        let permit = policy(Own::Permit, format!("permit {scope};"))?;
        self.call.permit(permit.clone())?;
        self.unattended.permit(permit.clone())?;
        self.rules
            .insert(permit.id().clone(), Rule::Own(Own::Permit));

        let mut asks = Vec::new();
        if let Some(confirm) = &tool.confirm {
            let when = match confirm.value {
                Confirmation::Tier(_) => "",
                Confirmation::When { .. } => " when { context.grant_asks }",
            };
            asks.push((Own::Grant, when));
        }
        if let Some(Confirm { when, .. }) = &tool.author_confirm {
            let when = when.as_ref().map(|_| " when { context.author_asks }");
            asks.push((Own::Author, when.unwrap_or_default()));
        }
        if tool.effect == Effect::Irreversible {
            asks.push((Own::Irreversible, ""));
        }
        for (own, when) in asks {
            let policy = policy(own, format!("forbid {scope}{when};"))?;
            self.rules.insert(policy.id().clone(), Rule::Own(own));
            self.unattended.forbid(policy)?;
        }
        Ok(())
    }

    fn add_written(&mut self, written: &Arc<Written>) -> Result<(), Uncompiled> {
        self.looks_at_input |= written.looks_at_input;
        let set = match written.demand {
            Demand::Refusal => &mut self.call,
            Demand::Person(_) => &mut self.unattended,
        };
        let id = written.policy.id().clone();
        self.rules.insert(id, Rule::Written(Arc::clone(written)));
        set.forbid(written.policy.clone())
    }

    /// Nothing where Cedar takes no such question, which allows nothing.
    fn rule(&self, compiled: &Compiled, params: &[Param], call: &Call<'_>) -> Option<Ruling<'_>> {
        let principal = role(call.role)?;
        let (context, exact) = self.context(params, call)?;
        let ask = |set: &Set, context: Context| {
            let (principal, action) = (principal.clone(), set.action.clone());
            Request::new(principal, action, compiled.resource.clone(), context, None).ok()
        };
        if self.call.forbids {
            let request = ask(&self.call, context.clone())?;
            match self.held(&self.call, compiled, &request, exact) {
                Held::Permitted => {}
                Held::NotPermitted => return None,
                Held::By(reasons) => return Some(Ruling::Forbidden(reasons)),
            }
        }
        let request = ask(&self.unattended, context)?;
        match self.held(&self.unattended, compiled, &request, exact) {
            Held::Permitted => Some(Ruling::Unattended),
            Held::NotPermitted => None,
            Held::By(reasons) => Some(Ruling::Attended(reasons)),
        }
    }

    /// The context, with the arguments only where a policy looks at them; and whether they are all there.
    /// A set that can't forbid has no use for any of it.
    fn context(&self, params: &[Param], call: &Call<'_>) -> Option<(Context, bool)> {
        if !self.call.forbids && !self.unattended.forbids {
            return Some((Context::empty(), true));
        }
        let bool = RestrictedExpression::new_bool;
        let agent = RestrictedExpression::new_string(call.agent.to_owned());
        let mut pairs = vec![
            ("agent".to_owned(), agent),
            ("grant_asks".to_owned(), bool(call.grant_asks)),
            ("author_asks".to_owned(), bool(call.author_asks)),
        ];
        let mut exact = true;
        if self.looks_at_input {
            match context::input(params, call.input) {
                Ok(input) => pairs.push(("input".to_owned(), input)),
                Err(context::Inexact) => exact = false,
            }
        }
        Some((Context::from_pairs(pairs).ok()?, exact))
    }

    fn held(&self, set: &Set, compiled: &Compiled, request: &Request, exact: bool) -> Held<'_> {
        let response = Authorizer::new().is_authorized(request, &set.policies, &compiled.entities);
        let blind = set.policies.policies().filter(|_| !exact);
        let blind = blind.filter(|policy| match self.rules.get(policy.id()) {
            Some(Rule::Written(written)) => written.looks_at_input,
            _ => false,
        });
        let mut failed: Vec<&PolicyId> = blind.map(Policy::id).collect();
        for error in response.diagnostics().errors().map(failed_policy) {
            if !failed.contains(&error) {
                failed.push(error);
            }
        }
        self.read(&response, &failed)
    }

    fn read(&self, response: &Response, failed: &[&PolicyId]) -> Held<'_> {
        let reason = |id: &PolicyId, failed: bool| match self.rules.get(id)? {
            Rule::Own(Own::Permit) => None,
            rule => Some(Reason { rule, failed }),
        };
        let forbids = response.decision() == Decision::Deny;
        let matched = response.diagnostics().reason().filter(|_| forbids);
        let matched = matched.filter(|id| !failed.contains(id));
        let mut reasons: Vec<_> = matched.filter_map(|id| reason(id, false)).collect();
        reasons.extend(failed.iter().filter_map(|id| reason(id, true)));
        match (reasons.is_empty(), response.decision()) {
            (false, _) => Held::By(reasons),
            (true, Decision::Allow) => Held::Permitted,
            (true, Decision::Deny) => Held::NotPermitted,
        }
    }
}

enum Held<'a> {
    Permitted,
    NotPermitted,
    By(Vec<Reason<'a>>),
}

fn failed_policy(error: &AuthorizationError) -> &PolicyId {
    let AuthorizationError::PolicyEvaluationError(error) = error;
    error.policy_id()
}

impl Set {
    fn new(action: &str) -> Result<Self, Uncompiled> {
        Ok(Self {
            action: entity(ACTION, action)?,
            policies: PolicySet::new(),
            forbids: false,
        })
    }

    fn permit(&mut self, policy: Policy) -> Result<(), Uncompiled> {
        let added = self.policies.add(policy);
        added.map_err(|error| error.to_string())
    }

    fn forbid(&mut self, policy: Policy) -> Result<(), Uncompiled> {
        self.forbids = true;
        self.permit(policy)
    }
}

impl Reason<'_> {
    /// Whether it is this rule.
    pub(crate) fn is(&self, own: Own) -> bool {
        matches!(self.rule, Rule::Own(rule) if *rule == own)
    }

    /// The line that decides and what it says, where a file of policies has it.
    pub(crate) fn written(&self) -> Option<(&Written, String)> {
        let Rule::Written(written) = self.rule else {
            return None;
        };
        let mut says = written.says();
        if self.failed {
            says.push_str("; it can't be evaluated for these arguments, which counts as a match");
        }
        Some((written, says))
    }
}

#[cfg(test)]
impl Engine {
    /// The same without an index: each role of each tool has every policy of all, and `written` besides.
    pub(crate) fn whole(&self, roles: &[&str], written: &[Arc<Written>]) -> Self {
        let all = || self.tools.values().flat_map(|tool| tool.roles.values());
        let union = || {
            let mut sets = Sets::new().unwrap();
            for other in all() {
                let own = |id: &PolicyId| matches!(other.rules.get(id), Some(Rule::Own(_)));
                for (set, from) in [
                    (&mut sets.call, &other.call),
                    (&mut sets.unattended, &other.unattended),
                ] {
                    let from = from.policies.policies().filter(|one| own(one.id()));
                    from.for_each(|one| set.forbid(one.clone()).unwrap());
                }
                sets.rules.extend(other.rules.clone());
            }
            for one in written {
                sets.add_written(one).unwrap();
            }
            sets
        };
        let compiled = |(name, tool): (&String, &Compiled)| {
            let whole = Compiled {
                entities: tool.entities.clone(),
                resource: tool.resource.clone(),
                roles: roles
                    .iter()
                    .map(|role| ((*role).to_owned(), union()))
                    .collect(),
                by_skill: Sets::new().unwrap(),
            };
            (name.clone(), whole)
        };
        Self {
            tools: self.tools.iter().map(compiled).collect(),
        }
    }
}
