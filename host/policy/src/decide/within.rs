//! The decision on a call that a skill makes of another.
//!
//! The agent's role is not asked again: it let the agent call the outer tool, and the operator said,
//! in the outer skill's grant, whom that one may call. What is called stays within its own grant, and
//! policies take away from it as from any call.

use serde_json::Value as Json;
use vouchsafe_package::Limits;

use super::{Decision, Permit, ask, permit};
use crate::granted::{Granted, Terms};
use crate::judge::{Case, Verdict, by_policies, tool_line};
use crate::place::amend;
use crate::role::Principal;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Within<'a> {
    /// The skill that calls.
    pub caller: &'a Granted,
    /// What its own call was permitted.
    pub permit: &'a Permit,
    /// The interface through which it calls, without a version.
    pub interface: &'a str,
    /// The WIT function of the callee.
    pub tool: &'a str,
    /// The arguments object, in its canonical form.
    pub input: &'a Json,
    /// What the calling call has left.
    pub left: &'a Limits,
}

/// Decides on one call of `callee` by another skill. It never has more than its own grant, nor more
/// than the caller has left. Denying comes before asking a person, asking before allowing.
#[must_use]
pub fn decide_within(callee: &Granted, asked: &Within<'_>) -> Decision {
    if asked.permit.skill() != asked.caller.terms().digest {
        let why = "the permit is of another caller".to_owned();
        let fix = String::new();
        return Decision::Deny { why, fix };
    }
    let nested = Nested {
        caller: asked.caller.terms(),
        principal: asked.permit.principal(),
        interface: asked.interface,
        tool: asked.tool,
        input: asked.input,
        left: asked.left,
    };
    of_terms(callee.terms(), &nested)
}

/// What is asked, of terms: whose call made it is known.
pub(crate) struct Nested<'a> {
    pub(crate) caller: &'a Terms,
    pub(crate) principal: &'a Principal,
    pub(crate) interface: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) input: &'a Json,
    pub(crate) left: &'a Limits,
}

pub(crate) fn of_terms(terms: &Terms, asked: &Nested<'_>) -> Decision {
    if let Err((why, fix)) = is_named(terms, asked) {
        return Decision::Deny { why, fix };
    }
    let Some(tool) = terms.effective.tools.get(asked.tool) else {
        return not_granted(terms, asked.tool);
    };
    let principal = asked.principal;
    let case = Case {
        principal,
        input: asked.input,
        by_skill: true,
    };
    let limits = terms.effective.limits.meet(asked.left);
    match stacker::grow(STACK, || by_policies(terms, tool, &case).0) {
        Verdict::Denied { why, fix } => Decision::Deny { why, fix },
        Verdict::Asked(tool, asks) => ask(terms, principal, tool, limits, &asks),
        Verdict::Allowed(tool) => Decision::Allow(permit(terms, principal, tool, limits)),
    }
}

/// It is decided on the stack of the guest that calls, which Cedar takes for an exhausted one.
const STACK: usize = 1 << 20;

/// That the caller's grant names this skill of this publisher for the interface.
fn is_named(callee: &Terms, asked: &Nested<'_>) -> Result<(), (String, String)> {
    let Nested {
        caller, interface, ..
    } = asked;
    // A grant is found by the publisher that signed, so this is whose skill it is.
    let publisher = &callee.grant.publisher.value;
    let named = caller.effective.skills.get(*interface);
    let named =
        named.filter(|it| it.skill.value == callee.skill && it.publisher.value == *publisher);
    match named {
        Some(_) => Ok(()),
        None => Err(not_named(caller, interface)),
    }
}

/// Why `caller` may not call anybody through `interface`, and the line that would let it.
fn not_named(caller: &Terms, interface: &str) -> (String, String) {
    let (skill, file) = (&caller.skill, &caller.grant.file);
    let why = format!("nothing says which skill answers `{interface}` to `{skill}`");
    let fix = amend(
        file,
        format_args!("add `[skills.\"{interface}\"]` with `skill` and `publisher`"),
    );
    (why, fix)
}

fn not_granted(terms: &Terms, tool: &str) -> Decision {
    let why = format!("`{tool}` of `{}` is not granted", terms.skill);
    let fix = tool_line(terms, tool);
    Decision::Deny { why, fix }
}
