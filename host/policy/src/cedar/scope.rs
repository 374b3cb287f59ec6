//! Whom and what a policy's scope names, read so that it can be asked whether it can match a call.

use cedar_policy::{ActionConstraint, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};
use vouchsafe_package::SkillName;
use vouchsafe_package::name::is_kebab;

use super::{ACTION, CALL, NAMESPACE, ROLE, SKILL, TOOL, UNATTENDED};
use crate::role::Scope as Tools;

/// The calls that a policy can match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The role, if not any.
    pub(crate) role: Option<String>,
    pub(crate) tools: Tools,
    /// Whether it can match a call at all.
    pub(crate) call: bool,
}

impl Scope {
    pub(crate) fn of(policy: &Policy) -> Result<Self, String> {
        Ok(Self {
            role: role(policy.principal_constraint())?,
            tools: tools(policy.resource_constraint())?,
            call: matches_call(policy.action_constraint())?,
        })
    }

    pub(crate) fn can_match(&self, role: &str, skill: &SkillName, tool: &str) -> bool {
        self.role.as_deref().is_none_or(|own| own == role) && self.tools.has(skill, tool)
    }
}

fn matches_call(constraint: ActionConstraint) -> Result<bool, String> {
    let named = match constraint {
        ActionConstraint::Any => return Ok(true),
        ActionConstraint::Eq(action) => vec![action],
        ActionConstraint::In(actions) => actions,
    };
    let mut call = false;
    for action in named {
        match (kind(&action).as_str(), action.id().unescaped()) {
            (ACTION, CALL) => call = true,
            (ACTION, UNATTENDED) => {}
            _ => {
                return Err(format!(
                    "there is no action `{action}`; want `Action::\"{CALL}\"` or `Action::\"{UNATTENDED}\"`"
                ));
            }
        }
    }
    Ok(call)
}

fn role(constraint: PrincipalConstraint) -> Result<Option<String>, String> {
    match constraint {
        PrincipalConstraint::Any => Ok(None),
        PrincipalConstraint::Is(kind) if kind.to_string() == ROLE => Ok(None),
        PrincipalConstraint::Eq(uid) | PrincipalConstraint::In(uid) if kind(&uid) == ROLE => {
            let name = uid.id().unescaped();
            match is_kebab(name) {
                true => Ok(Some(name.to_owned())),
                false => Err(format!("`{name}` is not the name of a role")),
            }
        }
        other => Err(format!(
            "`principal` is a role: want `principal == {ROLE}::\"name\"`, not `{}`",
            shown_principal(&other)
        )),
    }
}

fn shown_principal(constraint: &PrincipalConstraint) -> String {
    match constraint {
        PrincipalConstraint::Any => "any".to_owned(),
        PrincipalConstraint::In(uid) | PrincipalConstraint::Eq(uid) => uid.to_string(),
        PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => kind.to_string(),
    }
}

fn tools(constraint: ResourceConstraint) -> Result<Tools, String> {
    const WANTED: &str = "want `resource == Tool::\"acme:payments/initiate\"`, `resource in Skill::\"acme:payments\"` or `resource in Namespace::\"acme\"`";
    let (uid, within) = match constraint {
        ResourceConstraint::Any => return Ok(Tools::Everything),
        ResourceConstraint::Is(kind) if kind.to_string() == TOOL => return Ok(Tools::Everything),
        ResourceConstraint::Is(kind) => {
            return Err(format!("no resource is a `{kind}`; {WANTED}"));
        }
        ResourceConstraint::Eq(uid) => (uid, false),
        ResourceConstraint::In(uid) => (uid, true),
        ResourceConstraint::IsIn(kind, uid) if kind.to_string() == TOOL => (uid, true),
        ResourceConstraint::IsIn(kind, _) => {
            return Err(format!("no resource is a `{kind}`; {WANTED}"));
        }
    };
    let id = uid.id().unescaped();
    let read = match (kind(&uid).as_str(), within) {
        (TOOL, _) => id.split_once('/').and_then(|(skill, tool)| {
            let skill = skill.parse().ok()?;
            is_kebab(tool).then(|| Tools::Tool(skill, tool.to_owned()))
        }),
        (SKILL, true) => id.parse().ok().map(Tools::Skill),
        (NAMESPACE, true) => is_kebab(id).then(|| Tools::Namespace(id.to_owned())),
        _ => None,
    };
    read.ok_or_else(|| format!("no resource is `{uid}`; {WANTED}"))
}

fn kind(uid: &EntityUid) -> String {
    uid.type_name().to_string()
}
