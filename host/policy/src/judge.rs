//! The rules by which calls are decided; `decide` and `why` are two readings of one judgement.
//!
//! Both the role and the grant must allow a call. Then policies may forbid it; and author, operator and
//! policies may each ask for a person, of every call or of some. By the shipped default what can't be
//! undone asks for one too.

use std::sync::Arc;

use serde_json::Value as Json;
use vouchsafe_package::Effect;
use vouchsafe_package::manifest::Confirm;

use crate::approval::{Ask, Tier};
use crate::cedar::{Call, Demand, Own, Reason, Ruling, Written};
use crate::decide::Request;
use crate::effective::EffectiveTool;
use crate::grant::{Condition, Confirmation};
use crate::granted::Terms;
use crate::place::{At, Place, amend};
use crate::role::{Permission, Principal};

/// A judgement and the lines that were found in favour.
pub(crate) struct Judgement<'a> {
    /// The role's line that lets it call the tool.
    pub(crate) role: Option<&'a Place>,
    /// The tool, as granted.
    pub(crate) tool: Option<&'a EffectiveTool>,
    pub(crate) verdict: Verdict<'a>,
    /// Rules that can ask for a person and do not, of this call.
    pub(crate) content: Vec<Line>,
}

pub(crate) enum Verdict<'a> {
    Allowed(&'a Arc<EffectiveTool>),
    /// By whom a person is asked for; at least one line.
    Asked(&'a Arc<EffectiveTool>, Vec<Ask>),
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
    let (verdict, content) = match role.and(tool) {
        Err(denied) => (denied, Vec::new()),
        Ok(tool) => {
            let case = Case {
                principal: request.principal,
                input: request.input,
                by_skill: false,
            };
            by_policies(terms, tool, &case)
        }
    };
    Judgement {
        role: places.0,
        tool: places.1,
        verdict,
        content,
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
        let fix = amend(format_args!("roles/{}.toml", principal.role), "write it");
        return Err(Verdict::Denied { why, fix });
    }
    let deny = |why: String, line: String| Verdict::Denied {
        why,
        fix: amend(&role.file, format_args!("add {line}")),
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
        let fix = tool_line(terms, name);
        (format!("`{name}` of `{}` is not granted", terms.skill), fix)
    } else {
        let fix = format!("ask for one that it has: {}", terms.declared.join(", "));
        (format!("`{}` has no tool `{name}`", terms.skill), fix)
    };
    Err(Verdict::Denied { why, fix })
}

/// The line that would grant a declared tool.
pub(crate) fn tool_line(terms: &Terms, tool: &str) -> String {
    amend(
        &terms.grant.file,
        format_args!("under `[tools]`, add `{tool} = {{}}`"),
    )
}

/// A call of a granted tool, as policies look at it.
pub(crate) struct Case<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) input: &'a Json,
    /// Whether another skill makes it, whose own call the role allowed.
    pub(crate) by_skill: bool,
}

/// What the policies rule on a call that role and grant have; and the rules that are content with it.
pub(crate) fn by_policies<'a>(
    terms: &'a Terms,
    tool: &'a Arc<EffectiveTool>,
    case: &Case<'_>,
) -> (Verdict<'a>, Vec<Line>) {
    let said = said(terms, tool, case.input);
    let asks = |own: Own| said.iter().any(|said| said.own == own && said.asks);
    let call = Call {
        agent: &case.principal.id,
        role: &case.principal.role,
        by_skill: case.by_skill,
        input: case.input,
        grant_asks: asks(Own::Grant),
        author_asks: asks(Own::Author),
    };
    match terms.engine.rule(tool, &call) {
        Ruling::NotPermitted => (not_permitted(), Vec::new()),
        Ruling::Forbidden(reasons) => (forbidden(&reasons), Vec::new()),
        Ruling::Unattended => (Verdict::Allowed(tool), lines(said)),
        Ruling::Attended(reasons) => {
            let decides = |said: &Said| reasons.iter().any(|reason| reason.is(said.own));
            let (asked, content): (Vec<_>, Vec<_>) = said.into_iter().partition(decides);
            let own = asked.into_iter().map(|said| said.ask);
            let asked = own.chain(written(&reasons).map(policy_asks)).collect();
            (Verdict::Asked(tool, asked), lines(content))
        }
    }
}

fn lines(said: Vec<Said>) -> Vec<Line> {
    said.into_iter().map(|said| said.ask.line).collect()
}

/// The policies among `reasons` with what each says, in the order of their files.
fn written<'a>(reasons: &'a [Reason<'_>]) -> impl Iterator<Item = (&'a Written, String)> {
    let mut written: Vec<_> = reasons.iter().filter_map(Reason::written).collect();
    written.sort_by(|(one, _), (two, _)| one.place.cmp(&two.place));
    written.into_iter()
}

fn policy_asks((policy, says): (&Written, String)) -> Ask {
    let tier = match &policy.demand {
        Demand::Person(tier) => tier,
        Demand::Refusal => Tier::CONFIRM,
    };
    Ask {
        line: Line {
            place: policy.place.to_string(),
            says,
        },
        tier: tier.to_owned(),
        within: None,
    }
}

fn forbidden<'a>(reasons: &[Reason<'_>]) -> Verdict<'a> {
    let said =
        written(reasons).map(|(policy, says)| (format!("{says} ({})", policy.place), policy));
    let (says, policies): (Vec<_>, Vec<_>) = said.unzip();
    let places: Vec<_> = policies.iter().map(|one| one.place.to_string()).collect();
    Verdict::Denied {
        why: says.join("; "),
        fix: amend(places.join(", "), "narrow the policy or take it out"),
    }
}

/// What role and grant allow, and the policies made of them do not: an error of this program, which
/// does not allow.
fn not_permitted<'a>() -> Verdict<'a> {
    Verdict::Denied {
        why: "no policy permits it".to_owned(),
        fix: "run `vouchsafe apply`".to_owned(),
    }
}

/// A rule that can ask for a person, and whether it does.
struct Said {
    own: Own,
    asks: bool,
    ask: Ask,
}

/// What each rule that can ask for a person says to this call.
fn said(terms: &Terms, tool: &EffectiveTool, input: &Json) -> Vec<Said> {
    let operator = tool
        .confirm
        .as_ref()
        .map(|confirm| operator_says(tool, confirm, input));
    let author = tool
        .author_confirm
        .as_ref()
        .map(|confirm| author_says(terms, tool, confirm, input));
    let default = (tool.effect == Effect::Irreversible).then(|| undoable(tool));
    [operator, author, default].into_iter().flatten().collect()
}

fn operator_says(tool: &EffectiveTool, confirm: &At<Confirmation>, input: &Json) -> Said {
    let At { value, place } = confirm;
    let (asks, standing, within) = match value {
        Confirmation::Tier(_) => (true, String::new(), None),
        Confirmation::When {
            condition, within, ..
        } => {
            let (asks, standing) = held(tool, condition, input);
            (asks, standing, *within)
        }
    };
    let line = Line {
        place: place.to_string(),
        says: format!("the grant says `{value}`{standing}"),
    };
    let tier = value.tier().to_owned();
    Said {
        own: Own::Grant,
        asks,
        ask: Ask { line, tier, within },
    }
}

fn author_says(terms: &Terms, tool: &EffectiveTool, confirm: &Confirm, input: &Json) -> Said {
    let place = format!(
        "skill.toml [tools.{}], signed in {}",
        tool.name,
        terms.digest.short()
    );
    let (asks, says) = match (&confirm.when, &tool.author_condition) {
        (None, _) => (true, "the author wants each call confirmed".to_owned()),
        (Some(when), None) => {
            let says = format!("the author wants it confirmed when `{when}`, which can't be read");
            (true, says)
        }
        (Some(_), Some(condition)) => {
            let (asks, standing) = held(tool, condition, input);
            let says = format!("the author wants it confirmed when `{condition}`{standing}");
            (asks, says)
        }
    };
    // Whom the author would ask is the author's word; who is asked here is the operator's.
    Said {
        own: Own::Author,
        asks,
        ask: Ask {
            line: Line { place, says },
            tier: Tier::CONFIRM.to_owned(),
            within: confirm.within,
        },
    }
}

/// Whether `condition` asks of this call, and how its argument stands, in words without its value.
fn held(tool: &EffectiveTool, condition: &Condition, input: &Json) -> (bool, String) {
    let standing = condition.stand(&tool.params, input);
    (condition.asks(&standing), format!("; {standing}"))
}

fn undoable(tool: &EffectiveTool) -> Said {
    let raised = tool.raised.as_ref();
    let line = Line {
        place: raised.map_or_else(|| "shipped default".to_owned(), Place::to_string),
        says: "what can't be undone needs a person".to_owned(),
    };
    Said {
        own: Own::Irreversible,
        asks: true,
        ask: Ask {
            line,
            tier: Tier::CONFIRM.to_owned(),
            within: None,
        },
    }
}
