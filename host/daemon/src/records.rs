//! What the log says that the host itself did.

use std::collections::BTreeMap;

use vouchsafe_audit::{Control, Subject};
use vouchsafe_policy::apply::InForce;

use crate::caller::Caller;
use crate::skill::InstalledSkill;
use crate::switches::Target;

/// What was put into force, and what that switched on again.
pub(crate) fn applied(in_force: &InForce, enabled: &[Target]) -> Control {
    let statement = in_force.statement();
    let mut facts = Target::enabled(enabled);
    if statement.resume {
        facts.insert("resumed".to_owned(), true.to_string());
    }
    facts.extend([
        ("serial".to_owned(), statement.serial.to_string()),
        ("statement".to_owned(), in_force.digest().to_string()),
        ("operator".to_owned(), statement.operator.clone()),
    ]);
    told("apply", None, facts)
}

/// A later version that a grant lets in by itself; somebody should know.
pub(crate) fn followed(skill: &InstalledSkill) -> Control {
    let package = skill.package();
    let publisher = skill.granted().verified().publisher();
    let (name, version, digest) = (&package.name, &package.version, package.digest);
    tracing::warn!(skill = %name, %version, %digest, "a grant followed to a later version");
    let facts = [
        ("digest", digest.to_string()),
        ("skill", name.to_string()),
        ("version", version.to_string()),
        ("publisher", publisher.to_owned()),
        ("grant", skill.grant_file().to_owned()),
    ];
    control("follow", None, facts)
}

/// A control record of `action`, by `caller` if somebody asked for it.
pub(crate) fn control<const N: usize>(
    action: &str,
    caller: Option<&Caller>,
    facts: [(&str, String); N],
) -> Control {
    let facts = facts.map(|(name, value)| (name.to_owned(), value));
    told(action, caller, facts.into())
}

/// The same, of facts that are many.
pub(crate) fn told(
    action: &str,
    caller: Option<&Caller>,
    facts: BTreeMap<String, String>,
) -> Control {
    Control {
        subject: caller.map(|caller| Subject {
            tenant: caller.principal().tenant.to_string(),
            principal: caller.principal().id.to_string(),
            correlation: String::new(),
        }),
        action: action.to_owned(),
        facts,
        input: None,
    }
}
