//! Roles, grants and `policies/*.cedar` as Cedar: one set of policies for each tool and role, made
//! when the rules come into force, so that a call is held only against what can match it.
//!
//! Two actions. `call` is a call at all; `call_unattended` is one that nobody is asked about. What
//! is forbidden for the second alone needs a person.
//!
//! | entity | is |
//! | --- | --- |
//! | `Role::"clerk"` | the principal: the role of the agent that asks |
//! | `Tool::"acme:payments/initiate"` | the resource, in `Skill::"acme:payments"`, in `Namespace::"acme"`; `resource.effect` is `"read"`, `"write"` or `"irreversible"` |
//! | `context` | `agent`, its name, and `input`, the arguments by their types |

mod context;
mod engine;
mod schema;
mod scope;
mod written;

use std::sync::LazyLock;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};
use vouchsafe_package::Param;

pub(crate) use engine::{Call, Engine, Own, Reason, Ruling};
pub(crate) use schema::misfits;
pub use written::{Demand, Written};

/// Whether `input` is the arguments of a tool with `params` and Cedar can hold each of them exactly. A
/// policy that looks at others has matched.
#[must_use]
pub fn holds_exactly(params: &[Param], input: &serde_json::Value) -> bool {
    context::input(params, input).is_ok()
}

/// A call at all.
pub(crate) const CALL: &str = "call";
/// A call that nobody is asked about.
pub(crate) const UNATTENDED: &str = "call_unattended";

const ACTION: &str = "Action";
const ROLE: &str = "Role";
const TOOL: &str = "Tool";
const SKILL: &str = "Skill";
const NAMESPACE: &str = "Namespace";

/// The entity `kind::"id"`; none if Cedar does not take the name of the kind, which are all ours.
fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    Some(of_type(kind.parse().ok()?, id))
}

/// The entity of a role: for each call, so that the name of its kind is read once.
fn role(name: &str) -> Option<EntityUid> {
    static KIND: LazyLock<Option<EntityTypeName>> = LazyLock::new(|| ROLE.parse().ok());
    Some(of_type(KIND.clone()?, name))
}

fn of_type(kind: EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

#[cfg(test)]
mod tests;
