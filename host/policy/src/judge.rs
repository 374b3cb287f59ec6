//! The rules by which calls are decided; `decide` and `why` are two readings of one judgement.
//!
//! Both the role and the grant must allow a call. Then author and operator may each ask for a
//! person, and by the shipped default what can't be undone asks for one too.

use std::sync::Arc;

use vouchsafe_package::Effect;
use vouchsafe_package::manifest::Confirm;

use crate::approval::{Ask, Tier};
use crate::decide::Request;
use crate::effective::EffectiveTool;
use crate::grant::Confirmation;
use crate::granted::Terms;
use crate::place::{At, Place};
use crate::role::Permission;

/// A judgement and the lines that were found in favour.
pub(crate) struct Judgement<'a> {
    /// The role's line that lets it call the tool.
    pub(crate) role: Option<&'a Place>,
    /// The tool, as granted.
    pub(crate) tool: Option<&'a EffectiveTool>,
    pub(crate) verdict: Verdict<'a>,
}

pub(crate) enum Verdict<'a> {
    Allowed(&'a Arc<EffectiveTool>),
    /// By whom a person is asked for; at least one line.
    Asked(Vec<Ask>),
    Denied {
        why: String,
        fix: String,
    },
}

/// A line that decides, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// `file:line`, or what stands there when no file says so.
    pub place: String,
    /// What it says to this call.
    pub says: String,
}

pub(crate) fn judge<'a>(terms: &'a Terms, request: &Request<'a>) -> Judgement<'a> {
    let (role, tool) = (by_role(terms, request), by_grant(terms, request));
    let places = (
        role.as_ref().ok().copied(),
        tool.as_ref().ok().map(|tool| &***tool),
    );
    let verdict = match role.and(tool) {
        Err(denied) => denied,
        Ok(tool) => match asks(terms, tool) {
            asked if asked.is_empty() => Verdict::Allowed(tool),
            asked => Verdict::Asked(asked),
        },
    };
    Judgement {
        role: places.0,
        tool: places.1,
        verdict,
    }
}

/// The denial by role or grant, which no input changes.
pub(crate) fn outright(terms: &Terms, request: &Request<'_>) -> Result<(), (String, String)> {
    let denied = by_role(terms, request).map(drop);
    match denied.and_then(|()| by_grant(terms, request).map(drop)) {
        Err(Verdict::Denied { why, fix }) => Err((why, fix)),
        _ => Ok(()),
    }
}

fn by_role<'a>(terms: &Terms, request: &Request<'a>) -> Result<&'a Place, Verdict<'a>> {
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
        let fix = format!(
            "add `roles/{}.toml`, then `vouchsafe apply`",
            principal.role
        );
        return Err(Verdict::Denied { why, fix });
    }
    let deny = |why: String, line: String| Verdict::Denied {
        why,
        fix: format!("{}: add {line}, then `vouchsafe apply`", role.file),
    };
    if role.permits(Permission::Execute).is_none() {
        let why = format!("role `{name}` may not execute skills");
        return Err(deny(why, "`\"execute\"` to `skills`".to_owned()));
    }
    role.may_call(&terms.skill, tool).ok_or_else(|| {
        let why = format!("role `{name}` may not call `{tool}` of `{}`", terms.skill);
        deny(why, format!("`\"{}/{tool}\"` to `tools`", terms.skill))
    })
}

fn by_grant<'a>(
    terms: &'a Terms,
    request: &Request<'a>,
) -> Result<&'a Arc<EffectiveTool>, Verdict<'a>> {
    let name = request.tool;
    if let Some(tool) = terms.effective.tools.get(name) {
        return Ok(tool);
    }
    let declared = terms.declared.iter().any(|tool| tool == name);
    let (why, fix) = if declared {
        let fix = format!(
            "{}: under `[tools]`, add `{name} = {{}}`, then `vouchsafe apply`",
            terms.grant.file
        );
        (format!("`{name}` of `{}` is not granted", terms.skill), fix)
    } else {
        let fix = format!("ask for one that it has: {}", terms.declared.join(", "));
        (format!("`{}` has no tool `{name}`", terms.skill), fix)
    };
    Err(Verdict::Denied { why, fix })
}

/// Everything that asks for a person. Conditions are not evaluated yet, so each one asks.
pub(crate) fn asks(terms: &Terms, tool: &EffectiveTool) -> Vec<Ask> {
    let operator = tool.confirm.as_ref().map(operator_asks);
    let author = tool
        .author_confirm
        .as_ref()
        .map(|confirm| author_asks(terms, tool, confirm));
    let default = (tool.effect == Effect::Irreversible).then(|| Ask {
        line: Line {
            place: tool
                .raised
                .as_ref()
                .map_or_else(|| "shipped default".to_owned(), Place::to_string),
            says: "what can't be undone needs a person".to_owned(),
        },
        tier: Tier::CONFIRM.to_owned(),
        within: None,
    });
    [operator, author, default].into_iter().flatten().collect()
}

fn operator_asks(confirm: &At<Confirmation>) -> Ask {
    let At { value, place } = confirm;
    let (unevaluated, within) = match value {
        Confirmation::Tier(_) => ("", None),
        Confirmation::When { within, .. } => (UNEVALUATED, *within),
    };
    Ask {
        line: Line {
            place: place.to_string(),
            says: format!("the grant says `{value}`{unevaluated}"),
        },
        tier: value.tier().to_owned(),
        within,
    }
}

const UNEVALUATED: &str = "; conditions are not evaluated yet, so it asks each time";

fn author_asks(terms: &Terms, tool: &EffectiveTool, confirm: &Confirm) -> Ask {
    let place = format!(
        "skill.toml [tools.{}], signed in {}",
        tool.name,
        terms.digest.short()
    );
    let says = match &confirm.when {
        None => "the author wants each call confirmed".to_owned(),
        Some(when) => format!("the author wants it confirmed when `{when}`{UNEVALUATED}"),
    };
    // Whom the author would ask is the author's word; who is asked here is the operator's.
    Ask {
        line: Line { place, says },
        tier: Tier::CONFIRM.to_owned(),
        within: confirm.within,
    }
}
