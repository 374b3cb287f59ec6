//! The decision: may this principal make this call of this granted skill, now?

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use vouchsafe_package::{Digest, Effect, Limits};

use crate::approval::{Ask, Asked, Wanted};
use crate::effective::{EffectiveTool, Folders, StoreBounds};
use crate::granted::{Granted, Terms};
use crate::http::Destinations;
use crate::judge::{Verdict, judge, outright};
use crate::model::Models;
use crate::place::amend;
use crate::role::{Principal, Role};
use crate::sql::Databases;
use crate::upstream::Upstreams;

pub(crate) mod within;

pub use within::{Within, decide_within};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What agents of its kind may do; the principal's own role.
    pub role: &'a Role,
    /// The WIT function.
    pub tool: &'a str,
    /// The arguments object, in its canonical form.
    pub input: &'a Json,
}

/// What the host does with a call.
#[derive(Debug)]
pub enum Decision {
    /// It may be made.
    Allow(Permit),
    /// A person must decide.
    NeedsPerson(Asked),
    /// It is not made.
    Deny {
        /// Why not.
        why: String,
        /// The line that would allow it.
        fix: String,
    },
}

/// A call that policy allows, or would if people said yes: which, whose, and under which words. Made by [`decide`]
/// and [`decide_within`] alone; one that people have to say yes to stays within its [`Asked`] until they have.
#[derive(Debug)]
pub struct Permit {
    principal: Principal,
    skill: Digest,
    grant: Digest,
    policy: Digest,
    tool: Arc<EffectiveTool>,
    http: Arc<Destinations>,
    models: Arc<Models>,
    upstreams: Arc<Upstreams>,
    databases: Arc<Databases>,
    settings: Arc<BTreeMap<String, String>>,
    state: Arc<BTreeMap<String, StoreBounds>>,
    files: Arc<Folders>,
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

    /// Where the call may send requests.
    #[must_use]
    pub fn http(&self) -> &Arc<Destinations> {
        &self.http
    }

    /// Which models the call may ask.
    #[must_use]
    pub fn models(&self) -> &Arc<Models> {
        &self.models
    }

    /// Which tools of external servers the call may call.
    #[must_use]
    pub fn upstreams(&self) -> &Arc<Upstreams> {
        &self.upstreams
    }

    /// Which databases the call may ask.
    #[must_use]
    pub fn databases(&self) -> &Arc<Databases> {
        &self.databases
    }

    /// What the call finds in `wasi:config` besides its destinations, by name.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// The stores that the call finds.
    #[must_use]
    pub fn state(&self) -> &BTreeMap<String, StoreBounds> {
        &self.state
    }

    /// The folders that the call finds.
    #[must_use]
    pub fn files(&self) -> &Arc<Folders> {
        &self.files
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

/// Whether role and grant deny `request` whatever its input is; its input is not looked at. Asked before the
/// arguments are read, so that who may not call a tool learns nothing from them.
///
/// # Errors
/// The denial: why, and the line that would allow it.
pub fn may_ask(granted: &Granted, request: &Request<'_>) -> Result<(), (String, String)> {
    outright(granted.terms(), request)
}

pub(crate) fn of_terms(terms: &Terms, request: &Request<'_>) -> Decision {
    match judge(terms, request).verdict {
        Verdict::Denied { why, fix } => Decision::Deny { why, fix },
        Verdict::Asked(tool, asks) => ask(
            terms,
            request.principal,
            tool,
            terms.effective.limits,
            &asks,
        ),
        Verdict::Allowed(tool) => Decision::Allow(permit(
            terms,
            request.principal,
            tool,
            terms.effective.limits,
        )),
    }
}

fn ask(
    terms: &Terms,
    asker: &Principal,
    tool: &Arc<EffectiveTool>,
    limits: Limits,
    asks: &[Ask],
) -> Decision {
    let principal = &*asker.id;
    let wanted = match Wanted::of(asks, &terms.people, principal) {
        Ok(wanted) => wanted,
        Err(tier) => {
            return Decision::Deny {
                why: format!("no file in force defines the tier `{tier}`"),
                fix: amend("vouchsafe.toml", format_args!("add `[confirm.{tier}]`")),
            };
        }
    };
    let why: Vec<_> = asks.iter().map(|ask| ask.line.says.as_str()).collect();
    Decision::NeedsPerson(Asked {
        permit: permit(terms, asker, tool, limits),
        obstacle: wanted.obstacle(&terms.people, principal),
        wanted,
        why: why.join("; "),
    })
}

fn permit(
    terms: &Terms,
    principal: &Principal,
    tool: &Arc<EffectiveTool>,
    limits: Limits,
) -> Permit {
    Permit {
        principal: principal.clone(),
        skill: terms.digest,
        grant: terms.grant_digest,
        policy: terms.policy_digest,
        tool: Arc::clone(tool),
        http: Arc::clone(&terms.effective.http),
        models: Arc::clone(&terms.effective.models),
        upstreams: Arc::clone(&terms.effective.upstreams),
        databases: Arc::clone(&terms.effective.databases),
        settings: Arc::clone(&terms.effective.settings),
        state: Arc::clone(&terms.effective.state),
        files: Arc::clone(&terms.effective.files),
        limits,
    }
}

#[cfg(test)]
mod tests;
