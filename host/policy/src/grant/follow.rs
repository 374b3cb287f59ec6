//! `follow`: later versions that need no new grant.
//!
//! Same publisher, higher version, nothing wider, no words of a tool changed, and never a tool
//! that can't be undone.

use std::fmt;

use semver::VersionReq;
use vouchsafe_package::manifest::{Http, Manifest};
use vouchsafe_package::{Effect, Tool, Version};

use super::Grant;
use crate::effective::Declared;
use crate::place::{Fault, Place};
use crate::route;

/// Why a later version is not admitted: each reason, and the line that asked to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFollowed {
    /// The line with `follow`.
    pub place: Place,
    /// The version that stays off.
    pub version: Version,
    /// What is more, other or out of range.
    pub reasons: Vec<String>,
}

impl std::error::Error for NotFollowed {}

impl fmt::Display for NotFollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            version,
            reasons,
        } = self;
        write!(
            f,
            "{place}: `follow` does not admit {version}: {}",
            reasons.join("; ")
        )
    }
}

/// Whether `grant`, which pins `old`, admits `new` of the same publisher.
///
/// # Errors
/// Every reason why not.
pub fn follows(grant: &Grant, old: &Declared<'_>, new: &Declared<'_>) -> Result<(), NotFollowed> {
    let Some(follow) = &grant.follow else {
        return Err(NotFollowed {
            place: grant.digest.place.clone(),
            version: new.version.clone(),
            reasons: vec!["the grant has no `follow`".to_owned()],
        });
    };
    let mut reasons = version_reasons(&follow.value, old.version, new.version);
    if old.name != new.name {
        reasons.push(format!("it is `{}`, not `{}`", new.name, old.name));
    }
    if new.about != old.about {
        reasons.push("the words of the skill changed".to_owned());
    }
    reasons.extend(
        new.tools
            .iter()
            .flat_map(|tool| tool_reasons(grant, old, tool)),
    );
    reasons.extend(gone(grant, new));
    reasons.extend(capability_reasons(old.manifest, new.manifest));
    reasons.extend(import_reasons(old, new));
    if reasons.is_empty() {
        return Ok(());
    }
    Err(NotFollowed {
        place: follow.place.clone(),
        version: new.version.clone(),
        reasons,
    })
}

pub(super) fn requirement(text: String) -> Result<VersionReq, String> {
    let shown: String = text.chars().take(80).collect();
    let wrong = || format!("`{shown}` is not a range of versions such as `^1.2`");
    let requirement: VersionReq = text.parse().map_err(|_| wrong())?;
    if requirement.comparators.is_empty() {
        return Err(format!(
            "`{shown}` admits every version: want a range such as `^1.2`"
        ));
    }
    Ok(requirement)
}

impl Grant {
    /// The error of a `follow` beside a tool that this grant itself calls irreversible.
    pub(super) fn follow_suits_its_tools(&self) -> Result<(), Fault> {
        let raised = self.tools.iter().find(|(_, tool)| {
            tool.effect
                .as_ref()
                .is_some_and(|effect| effect.value == Effect::Irreversible)
        });
        match (&self.follow, raised) {
            (Some(follow), Some((name, _))) => {
                let problem =
                    format!("`follow` can't stand beside `{name}`, which is irreversible");
                Err(Fault::new(follow.place.clone(), problem).with_fix("take `follow` out"))
            }
            _ => Ok(()),
        }
    }
}

fn version_reasons(follow: &VersionReq, old: &Version, new: &Version) -> Vec<String> {
    let mut reasons = Vec::new();
    if new.cmp_precedence(old).is_le() {
        reasons.push(format!("it is not higher than {old}"));
    }
    if !follow.matches(new) {
        reasons.push(format!("it is not in `{follow}`"));
    }
    reasons
}

fn tool_reasons(grant: &Grant, old: &Declared<'_>, new: &Tool) -> Vec<String> {
    let name = &new.name;
    let granted = grant.tools.contains_key(name);
    let Some(before) = old.tools.iter().find(|tool| tool.name == *name) else {
        return vec![format!("tool `{name}` is new")];
    };
    let mut reasons = Vec::new();
    if granted && new.effect.max(before.effect) == Effect::Irreversible {
        reasons.push(format!("tool `{name}` is irreversible"));
    }
    if new.effect != before.effect {
        reasons.push(format!(
            "tool `{name}` goes from {} to {}",
            before.effect, new.effect
        ));
    }
    if new.description != before.description {
        reasons.push(format!("the words of tool `{name}` changed"));
    }
    if new.params != before.params
        || new.result != before.result
        || new.result_docs != before.result_docs
    {
        reasons.push(format!(
            "the types or words of `{name}`'s arguments or result changed"
        ));
    }
    if new.targets != before.targets {
        reasons.push(format!("the targets of `{name}` changed"));
    }
    if new.confirm != before.confirm {
        reasons.push(format!(
            "what the author wants confirmed of `{name}` changed"
        ));
    }
    reasons
}

fn gone(grant: &Grant, new: &Declared<'_>) -> Vec<String> {
    let granted = grant
        .tools
        .keys()
        .filter(|name| !new.tools.iter().any(|tool| tool.name == **name));
    granted
        .map(|name| format!("tool `{name}` is gone"))
        .collect()
}

/// Destinations are compared route by route; every other kind must be the same or absent.
fn capability_reasons(old: &Manifest, new: &Manifest) -> Vec<String> {
    let mut reasons = Vec::new();
    for (name, http) in &new.http {
        match old.http.get(name) {
            None => reasons.push(format!("destination `{name}` is new")),
            Some(before) => reasons.extend(http_reasons(name, before, http)),
        }
    }
    let kinds = [
        ("settings", within(&new.settings, &old.settings)),
        ("files", within(&new.files, &old.files)),
        ("state", within(&new.state, &old.state)),
        ("sql", within(&new.sql, &old.sql)),
        ("prompts", within(&new.prompts, &old.prompts)),
        ("skills", within(&new.skills, &old.skills)),
        ("upstream", within(&new.upstream, &old.upstream)),
        (
            "bus",
            all_in(&new.bus.publish, &old.bus.publish)
                && all_in(&new.bus.subscribe, &old.bus.subscribe),
        ),
    ];
    reasons.extend(
        kinds
            .iter()
            .filter(|(_, same)| !same)
            .map(|(kind, _)| format!("it declares more or other `{kind}`")),
    );
    if new.limits().meet(&old.limits()) != new.limits() {
        reasons.push("its limits are higher".to_owned());
    }
    reasons
}

fn http_reasons(name: &str, old: &Http, new: &Http) -> Vec<String> {
    let mut reasons = Vec::new();
    for wider in new
        .allow
        .iter()
        .filter(|route| !old.allow.iter().any(|outer| route::covers(outer, route)))
    {
        reasons.push(format!("destination `{name}` also wants `{wider}`"));
    }
    if new.url != old.url {
        reasons.push(format!("destination `{name}` is elsewhere"));
    }
    if new.auth != old.auth && new.auth.is_some() {
        reasons.push(format!(
            "destination `{name}` wants another credential, or elsewhere"
        ));
    }
    reasons
}

fn import_reasons(old: &Declared<'_>, new: &Declared<'_>) -> Vec<String> {
    let added = new
        .imports
        .iter()
        .filter(|import| !old.imports.contains(import));
    added
        .map(|import| format!("it imports `{import}`"))
        .collect()
}

fn within<T: PartialEq>(
    new: &std::collections::BTreeMap<String, T>,
    old: &std::collections::BTreeMap<String, T>,
) -> bool {
    new.iter().all(|(name, value)| old.get(name) == Some(value))
}

fn all_in(new: &[String], old: &[String]) -> bool {
    new.iter().all(|name| old.contains(name))
}
