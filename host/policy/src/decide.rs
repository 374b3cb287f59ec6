//! The decision: may this principal make this call of this granted skill, now?
//!
//! Shipped default: what can't be undone needs a person. Beyond it both the role and the grant must
//! allow the call, and author and operator may each ask for a person.

use std::sync::Arc;

use serde_json::Value as Json;
use vouchsafe_package::manifest::Confirm;
use vouchsafe_package::{Digest, Effect, Limits};

use crate::effective::EffectiveTool;
use crate::grant::Confirmation;
use crate::granted::{Granted, Terms};
use crate::place::At;
use crate::role::{Permission, Principal, Role};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What agents of its kind may do; the principal's own role.
    pub role: &'a Role,
    /// The WIT function.
    pub tool: &'a str,
    /// The arguments object.
    pub input: &'a Json,
}

/// What the host does with a call.
#[derive(Debug)]
pub enum Decision {
    /// It may be made.
    Allow(Permit),
    /// A person must decide.
    NeedsPerson {
        /// Why somebody is asked.
        why: String,
        /// The line that asks.
        line: String,
    },
    /// It is not made.
    Deny {
        /// Why not.
        why: String,
        /// The line that would allow it.
        fix: String,
    },
}

/// A call that policy allows: which, whose, and under which words. Made by [`decide`] alone.
#[derive(Debug)]
pub struct Permit {
    principal: Principal,
    skill: Digest,
    grant: Digest,
    policy: Digest,
    tool: Arc<EffectiveTool>,
    limits: Limits,
}

impl Permit {
    /// Who may make the call.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The component whose tool may be called.
    #[must_use]
    pub fn skill(&self) -> Digest {
        self.skill
    }

    /// The grant that allows it.
    #[must_use]
    pub fn grant(&self) -> Digest {
        self.grant
    }

    /// The applied statement in force when it was allowed.
    #[must_use]
    pub fn policy(&self) -> Digest {
        self.policy
    }

    /// The tool, as granted.
    #[must_use]
    pub fn tool(&self) -> &EffectiveTool {
        &self.tool
    }

    /// The most that the host lets the call do.
    #[must_use]
    pub fn ceiling(&self) -> Effect {
        self.tool.ceiling
    }

    /// The bounds of the call.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether it is for this tool of this component.
    #[must_use]
    pub fn is_for(&self, skill: &Digest, tool: &str) -> bool {
        self.skill == *skill && self.tool.name == tool
    }
}

/// Decides on one call. Denying comes before asking a person, asking before allowing.
#[must_use]
pub fn decide(granted: &Granted, request: &Request<'_>) -> Decision {
    of_terms(granted.terms(), request)
}

pub(crate) fn of_terms(terms: &Terms, request: &Request<'_>) -> Decision {
    let judgement = judge(terms, request);
    match judgement.verdict {
        Verdict::Denied { why, fix } => Decision::Deny { why, fix },
        Verdict::Asked(asked) => {
            let why: Vec<_> = asked.iter().map(|line| line.says.as_str()).collect();
            let line = asked
                .first()
                .map_or_else(String::new, |line| line.place.clone());
            Decision::NeedsPerson {
                why: why.join("; "),
                line,
            }
        }
        Verdict::Allowed(tool) => Decision::Allow(Permit {
            principal: request.principal.clone(),
            skill: terms.digest,
            grant: terms.grant_digest,
            policy: terms.policy_digest,
            tool,
            limits: terms.effective.limits,
        }),
    }
}

/// A decision before it is anybody's to act on: [`decide`] and `why` are two readings of it.
pub(crate) struct Judgement {
    /// The lines that were found in favour.
    pub(crate) lines: Vec<Line>,
    pub(crate) verdict: Verdict,
}

pub(crate) enum Verdict {
    Allowed(Arc<EffectiveTool>),
    Asked(Vec<Line>),
    Denied { why: String, fix: String },
}

/// A line that decides, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// `file:line`, or what stands there when no file says so.
    pub place: String,
    /// What it says to this call.
    pub says: String,
}

pub(crate) fn judge(terms: &Terms, request: &Request<'_>) -> Judgement {
    let mut lines = Vec::new();
    let verdict = match role_allows(terms, request, &mut lines)
        .and_then(|()| grant_allows(terms, request, &mut lines))
    {
        Err(denied) => denied,
        Ok(tool) => match asks(terms, tool) {
            asked if asked.is_empty() => Verdict::Allowed(Arc::clone(tool)),
            asked => Verdict::Asked(asked),
        },
    };
    Judgement { lines, verdict }
}

fn role_allows(terms: &Terms, request: &Request<'_>, lines: &mut Vec<Line>) -> Result<(), Verdict> {
    let Request {
        principal,
        role,
        tool,
        ..
    } = request;
    let name = &role.name.value;
    if *principal.role != **name {
        let why = format!(
            "`{}` has the role `{}`, which no file in force defines",
            principal.id, principal.role
        );
        return Err(Verdict::Denied {
            why,
            fix: format!(
                "add `roles/{}.toml`, then `vouchsafe apply`",
                principal.role
            ),
        });
    }
    let deny = |why: String, line: &str| {
        Err(Verdict::Denied {
            why,
            fix: format!("{}: add {line}, then `vouchsafe apply`", role.file),
        })
    };
    if role.permits(Permission::Execute).is_none() {
        return deny(
            format!("role `{name}` may not execute skills"),
            "`\"execute\"` to `skills`",
        );
    }
    match role.may_call(&terms.skill, tool) {
        None => deny(
            format!("role `{name}` may not call `{tool}` of `{}`", terms.skill),
            &format!("`\"{}/{tool}\"` to `tools`", terms.skill),
        ),
        Some(place) => {
            let place = role.shown(place);
            lines.push(Line {
                place,
                says: format!("role `{name}` may call `{tool}` of `{}`", terms.skill),
            });
            Ok(())
        }
    }
}

fn grant_allows<'a>(
    terms: &'a Terms,
    request: &Request<'_>,
    lines: &mut Vec<Line>,
) -> Result<&'a Arc<EffectiveTool>, Verdict> {
    let name = request.tool;
    let Some(tool) = terms.effective.tools.get(name) else {
        let why = format!("`{name}` of `{}` is not granted", terms.skill);
        let fix = format!(
            "{}: under `[tools]`, add `{name} = {{}}`, then `vouchsafe apply`",
            terms.grant.file
        );
        return Err(Verdict::Denied { why, fix });
    };
    lines.push(Line {
        place: tool.place.to_string(),
        says: format!("`{name}` is granted; its effect is {}", tool.effect),
    });
    if let Some(raised) = &tool.raised {
        let says = format!(
            "treated as {}, though declared {}",
            tool.effect, tool.ceiling
        );
        lines.push(Line {
            place: raised.to_string(),
            says,
        });
    }
    Ok(tool)
}

/// Everything that asks for a person. Conditions are not evaluated yet, so each one asks.
fn asks(terms: &Terms, tool: &EffectiveTool) -> Vec<Line> {
    let operator = tool.confirm.as_ref().map(operator_asks);
    let author = tool
        .author_confirm
        .as_ref()
        .map(|confirm| author_asks(terms, tool, confirm));
    let default = (tool.effect == Effect::Irreversible).then(|| Line {
        place: match &tool.raised {
            Some(raised) => raised.to_string(),
            None => "shipped default".to_owned(),
        },
        says: "what can't be undone needs a person".to_owned(),
    });
    [operator, author, default].into_iter().flatten().collect()
}

fn operator_asks(confirm: &At<Confirmation>) -> Line {
    let says = match &confirm.value {
        Confirmation::Tier(_) => format!("the grant says `{}`", confirm.value),
        Confirmation::When { .. } => {
            format!(
                "the grant says `{}`, and conditions are not evaluated yet, so it asks each time",
                confirm.value
            )
        }
    };
    Line {
        place: confirm.place.to_string(),
        says,
    }
}

fn author_asks(terms: &Terms, tool: &EffectiveTool, confirm: &Confirm) -> Line {
    let says = match &confirm.when {
        None => "the author wants each call confirmed".to_owned(),
        Some(when) => {
            format!(
                "the author wants it confirmed when `{when}`, and conditions are not evaluated yet, so it asks each time"
            )
        }
    };
    let place = format!(
        "skill.toml [tools.{}], signed in {}",
        tool.name,
        terms.digest.short()
    );
    Line { place, says }
}

#[cfg(test)]
mod tests;
