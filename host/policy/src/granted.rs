//! A verified skill and the grant in force for it: the second of the proofs.

use std::sync::Arc;

use vouchsafe_package::signing::Verified;
use vouchsafe_package::{Digest, Package, SkillName, Version};

use crate::apply::{Content, InForce};
use crate::approval::People;
use crate::cedar::{Engine, misfits};
use crate::effective::{Declared, Effective, EffectiveTool, meet};
use crate::grant::{Grant, NotFollowed, follows};
use crate::place::{Faults, Place};

/// A component that a trusted publisher signed and an operator granted. [`Granted::new`] alone
/// makes one; it is not `Clone`.
#[derive(Debug)]
pub struct Granted {
    verified: Arc<Verified>,
    terms: Terms,
}

/// What was granted to one component, in force.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) skill: SkillName,
    pub(crate) version: Version,
    pub(crate) digest: Digest,
    /// The tools that it declares, granted or not.
    pub(crate) declared: Vec<String>,
    pub(crate) grant: Arc<Grant>,
    pub(crate) effective: Effective,
    pub(crate) grant_digest: Digest,
    pub(crate) policy_digest: Digest,
    /// What decides on its calls.
    pub(crate) engine: Engine,
    /// Whom it can be asked of.
    pub(crate) people: Arc<People>,
    /// Whether the grant pins other bytes and follows to these.
    pub(crate) followed: bool,
}

/// Why a verified component gets nothing. Each names the line or the command that would change it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// No grant in force is for this skill of this publisher.
    #[error(
        "no grant in force is for `{skill}` of `{publisher}`{other}\n  fix: run `vouchsafe grant FILE`"
    )]
    NoGrant {
        /// The skill.
        skill: SkillName,
        /// Who signed it.
        publisher: String,
        /// A grant for the same name from elsewhere, in words; empty if there is none.
        other: String,
    },
    /// The grant is for other bytes, and does not follow.
    #[error(
        "{place}: digest is {pinned}, this component is {actual}\n  fix: run `vouchsafe grant FILE`"
    )]
    OtherBytes {
        /// The line with the digest.
        place: Place,
        /// What was granted.
        pinned: Digest,
        /// What is here.
        actual: Digest,
    },
    /// The grant follows, but what it pins is not here to compare with.
    #[error(
        "{place}: to follow to {version} the pinned component {pinned} is needed to compare with, and it is not installed\n  fix: install it, or run `vouchsafe grant FILE`"
    )]
    PinnedIsAbsent {
        /// The line with `follow`.
        place: Place,
        /// The later version.
        version: Version,
        /// What the grant pins.
        pinned: Digest,
    },
    /// The grant follows, but not to this.
    #[error("{0}\n  fix: run `vouchsafe grant FILE`")]
    NotFollowed(#[from] NotFollowed),
    /// Cedar does not take what the rules come to.
    #[error("the rules can't be compiled: {0}\n  fix: run `vouchsafe apply`")]
    Uncompiled(String),
    /// The grant, or a policy, does not fit the component.
    #[error(transparent)]
    Misfit(#[from] Faults),
}

impl Granted {
    /// Finds the grant in force for this skill of this publisher and these bytes. `pinned` is the
    /// component that the grant pins, for a grant that follows to later versions.
    ///
    /// # Errors
    /// [`NotGranted`], naming the line that would change it.
    pub fn new(
        verified: Arc<Verified>,
        pinned: Option<&Package>,
        in_force: &InForce,
    ) -> Result<Self, NotGranted> {
        let declared = Declared::from(verified.package());
        let pinned = pinned.map(Declared::from);
        let terms = Terms::of(&declared, verified.publisher(), pinned.as_ref(), in_force)?;
        Ok(Self { verified, terms })
    }

    /// What was verified.
    #[must_use]
    pub fn verified(&self) -> &Arc<Verified> {
        &self.verified
    }

    /// What the component declares.
    #[must_use]
    pub fn package(&self) -> &Package {
        self.verified.package()
    }

    /// What it gets.
    #[must_use]
    pub fn effective(&self) -> &Effective {
        &self.terms.effective
    }

    /// The grant.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.terms.grant
    }

    /// The digest of the grant's file.
    #[must_use]
    pub fn grant_digest(&self) -> Digest {
        self.terms.grant_digest
    }

    /// The digest of the applied statement that put the grant into force.
    #[must_use]
    pub fn policy_digest(&self) -> Digest {
        self.terms.policy_digest
    }

    /// Whether the grant pins other bytes and admits these by `follow`: worth a record and a
    /// notice.
    #[must_use]
    pub fn was_followed(&self) -> bool {
        self.terms.followed
    }

    /// Whom its calls can be asked of.
    #[must_use]
    pub fn people(&self) -> &Arc<People> {
        &self.terms.people
    }

    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }
}

impl Terms {
    pub(crate) fn of(
        declared: &Declared<'_>,
        publisher: &str,
        pinned: Option<&Declared<'_>>,
        in_force: &InForce,
    ) -> Result<Self, NotGranted> {
        Self::under(
            declared,
            publisher,
            pinned,
            in_force.content(),
            in_force.digest(),
        )
    }

    /// As [`Terms::of`], under what files say that may not be in force: to compare, since no [`Granted`] is made of it.
    pub(crate) fn under(
        declared: &Declared<'_>,
        publisher: &str,
        pinned: Option<&Declared<'_>>,
        content: &Content,
        policy_digest: Digest,
    ) -> Result<Self, NotGranted> {
        let (grant, grant_digest) =
            content
                .grant_for(declared.name, publisher)
                .ok_or_else(|| NotGranted::NoGrant {
                    skill: declared.name.clone(),
                    publisher: publisher.to_owned(),
                    other: elsewhere(content, declared.name),
                })?;
        let followed = admit(grant, declared, pinned)?;
        let effective = meet(declared, grant)?;
        fits(declared.name, &effective, content)?;
        let (roles, policies) = (content.roles(), content.policies());
        let engine = Engine::new(declared.name, &effective, roles, policies);
        Ok(Self {
            skill: declared.name.clone(),
            version: declared.version.clone(),
            digest: declared.digest,
            declared: declared
                .tools
                .iter()
                .map(|tool| tool.name.clone())
                .collect(),
            engine: engine.map_err(NotGranted::Uncompiled)?,
            effective,
            grant: Arc::clone(grant),
            grant_digest,
            policy_digest,
            people: Arc::clone(content.people()),
            followed,
        })
    }
}

/// Whether each policy that can match a call of this component can be said of its arguments.
///
/// # Errors
/// Each that can't.
pub fn policies_fit(package: &Package, grant: &Grant, content: &Content) -> Result<(), Faults> {
    let declared = Declared::from(package);
    fits(declared.name, &meet(&declared, grant)?, content)
}

fn fits(skill: &SkillName, effective: &Effective, content: &Content) -> Result<(), Faults> {
    let policies = content.policies();
    let of_tool = |(name, tool): (&String, &Arc<EffectiveTool>)| {
        misfits(policies.iter().map(Arc::as_ref), skill, name, &tool.params)
    };
    let faults: Vec<_> = effective.tools.iter().flat_map(of_tool).collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Faults::from(faults)),
    }
}

/// Whether these bytes were followed to; an error if they are neither pinned nor followed.
fn admit(
    grant: &Grant,
    declared: &Declared<'_>,
    pinned: Option<&Declared<'_>>,
) -> Result<bool, NotGranted> {
    let digest = &grant.digest;
    if digest.value == declared.digest {
        return Ok(false);
    }
    let Some(follow) = &grant.follow else {
        return Err(NotGranted::OtherBytes {
            place: digest.place.clone(),
            pinned: digest.value,
            actual: declared.digest,
        });
    };
    let Some(pinned) = pinned.filter(|pinned| pinned.digest == digest.value) else {
        return Err(NotGranted::PinnedIsAbsent {
            place: follow.place.clone(),
            version: declared.version.clone(),
            pinned: digest.value,
        });
    };
    follows(grant, pinned, declared)?;
    Ok(true)
}

fn elsewhere(content: &Content, skill: &SkillName) -> String {
    let of_that_name = content.grants().find(|grant| grant.skill.value == *skill);
    of_that_name.map_or_else(String::new, |grant| {
        format!(
            "; {} is for that of `{}`, which is another skill",
            grant.publisher.place, grant.publisher.value
        )
    })
}

#[cfg(test)]
mod tests;
