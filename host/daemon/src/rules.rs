//! Everything that decides calls, as one snapshot: what is in force, which skills it lets in, and
//! which tools they give. A change makes a new snapshot; calls under way keep theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_ambient::files::FileError;
use vouchsafe_package::assemble::tool_name;
use vouchsafe_package::signing::{Verified, VersionMemory};
use vouchsafe_package::{Digest, Package, SkillName, Version};
use vouchsafe_policy::apply::InForce;
use vouchsafe_policy::grant::SkillGrant;
use vouchsafe_policy::settings::{Notify, Witnesses};
use vouchsafe_policy::{Granted, People, Principal, Role};

use crate::applied::Applied;
use crate::home::Home;
use crate::kept::{Kept, Untrusted};
use crate::proposals::Watch;
use crate::registry::Registry;
use crate::skill::InstalledSkill;
use crate::store::Store;
use crate::switches::{Switches, Whole};

/// What the operator applied, as it is believed and as it was signed.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) in_force: Arc<InForce>,
    pub(crate) applied: Arc<Applied>,
}

/// One snapshot.
pub(crate) struct Rules {
    /// What the operator applied; nothing before the first `apply`.
    pub(crate) in_force: Option<Arc<InForce>>,
    /// The same as the operator signed it.
    pub(crate) applied: Option<Arc<Applied>>,
    /// Whether the files are still as they were applied.
    pub(crate) watch: Arc<Watch>,
    /// The tools that agents see.
    pub(crate) registry: Registry,
    /// Tool names that two skills claim, so that neither has them.
    pub(crate) contested: Vec<String>,
    /// The skills that may be called.
    pub(crate) on: Vec<Arc<InstalledSkill>>,
    /// Kept components that may not, and why.
    pub(crate) off: Vec<Off>,
}

/// A kept component that can't be called.
#[derive(Clone)]
pub(crate) struct Off {
    /// Its digest.
    pub(crate) digest: Digest,
    /// What it says of itself, if it is a package at all. Without a publisher nobody vouches for it.
    pub(crate) claims: Option<Claims>,
    /// Who signed it, where the signature was believed.
    pub(crate) publisher: Option<String>,
    /// In one word.
    pub(crate) state: &'static str,
    /// In full, with what would change it.
    pub(crate) reason: String,
}

/// What a component that can't be called says of itself.
#[derive(Clone)]
pub(crate) struct Claims {
    /// Its name.
    pub(crate) skill: SkillName,
    /// Its version.
    pub(crate) version: Version,
    /// The names that its tools would have.
    tools: Vec<String>,
}

impl Rules {
    /// Judges every kept component by what is in force.
    ///
    /// # Errors
    /// When the kept components can't be listed: that none can be read does not mean that there is none.
    pub(crate) fn judge(
        home: &Home,
        standing: Option<Standing>,
        kept: &Kept,
        switches: &Switches,
        memory: &mut VersionMemory,
    ) -> Result<Self, FileError> {
        let mut rules = Self::nothing(home, standing);
        let verified = rules.verify(kept)?;
        let newest = rules.grant(kept.store(), &verified, switches, memory);
        rules.on = newest.into_values().map(Arc::new).collect();
        (rules.registry, rules.contested) = Registry::new(&rules.on);
        Ok(rules)
    }

    /// What is in force, with no component to be called.
    pub(crate) fn nothing(home: &Home, standing: Option<Standing>) -> Self {
        let in_force = standing.as_ref().map(|one| one.in_force.clone());
        let files = in_force.as_ref().map(|f| f.statement().files.clone());
        Self {
            watch: Arc::new(Watch::new(home.config(), files.unwrap_or_default())),
            in_force,
            applied: standing.map(|one| one.applied),
            registry: Registry::default(),
            contested: Vec::new(),
            on: Vec::new(),
            off: Vec::new(),
        }
    }

    /// Who can be asked.
    pub(crate) fn people(&self) -> Arc<People> {
        let in_force = self.in_force.as_ref();
        in_force.map_or_else(Arc::default, |in_force| {
            Arc::clone(in_force.content().people())
        })
    }

    /// Who hears that a call waits for people.
    pub(crate) fn notify(&self) -> Option<&Notify> {
        self.in_force.as_ref()?.content().notify()
    }

    /// Who signs for what the log was.
    pub(crate) fn witnesses(&self) -> Option<&Witnesses> {
        self.in_force.as_ref()?.content().witnesses()
    }

    /// A file that says who may approve and was edited since it was applied, if there is one.
    pub(crate) fn edited_of_people(&self) -> Option<String> {
        let people = self.people();
        let approvers = people.approvers().iter();
        let files = approvers.map(|approver| &*approver.name.place.file);
        let edited = self.watch.edited_of(files.chain(["vouchsafe.toml"]));
        edited.map(str::to_owned)
    }

    /// The same without what is switched off. Reads nothing from the disk.
    pub(crate) fn without_disabled(&self, switches: &Switches) -> Self {
        let why_off = |skill: &InstalledSkill| {
            let publisher = skill.granted().verified().publisher();
            switches.why_off(&skill.digest(), publisher, &skill.package().name)
        };
        self.without(why_off, "disabled")
    }

    /// The same without the skills of which `why_off` says why, which are in `state` from now on.
    pub(crate) fn without(
        &self,
        why_off: impl Fn(&InstalledSkill) -> Option<&'static str>,
        state: &'static str,
    ) -> Self {
        let is_off = |skill: &Arc<InstalledSkill>| why_off(skill).is_some();
        let (gone, on): (Vec<_>, Vec<_>) = self.on.iter().cloned().partition(is_off);
        let (registry, contested) = Registry::new(&on);
        let mut rules = Self {
            in_force: self.in_force.clone(),
            applied: self.applied.clone(),
            watch: self.watch.clone(),
            registry,
            contested,
            on,
            off: self.off.clone(),
        };
        for skill in gone {
            let reason = why_off(&skill).unwrap_or(state).to_owned();
            rules.set_off(skill.digest(), skill.granted().verified(), state, reason);
        }
        rules
    }

    /// What the operator applied.
    pub(crate) fn standing(&self) -> Option<Standing> {
        Some(Standing {
            in_force: self.in_force.clone()?,
            applied: self.applied.clone()?,
        })
    }

    /// The kept components whose signatures are believed, by digest.
    fn verify(&mut self, kept: &Kept) -> Result<BTreeMap<Digest, Arc<Verified>>, FileError> {
        let mut believed = BTreeMap::new();
        for (digest, verified) in kept.verify(self.in_force.as_deref())? {
            match verified {
                Ok(one) => drop(believed.insert(digest, Arc::new(one))),
                Err(Untrusted { reason, package }) => self.off.push(Off {
                    digest,
                    claims: package.as_deref().map(Claims::of),
                    publisher: None,
                    state: "untrusted",
                    reason,
                }),
            }
        }
        Ok(believed)
    }

    /// The granted ones; of several versions that a grant admits, the highest.
    fn grant(
        &mut self,
        store: &Store,
        verified: &BTreeMap<Digest, Arc<Verified>>,
        switches: &Switches,
        memory: &mut VersionMemory,
    ) -> BTreeMap<(String, SkillName), InstalledSkill> {
        let mut newest: BTreeMap<_, InstalledSkill> = BTreeMap::new();
        for (digest, one) in verified {
            let granted = match self.admit(one, verified, switches, memory) {
                Ok(granted) => granted,
                Err((state, reason)) => {
                    self.set_off(*digest, one, state, reason);
                    continue;
                }
            };
            let name = (one.publisher().to_owned(), one.package().name.clone());
            let granted = InstalledSkill::new(granted, store.clone());
            let (higher, lower) = match newest.remove(&name) {
                None => (granted, None),
                Some(other) if other.package().version > granted.package().version => {
                    (other, Some(granted))
                }
                Some(other) => (granted, Some(other)),
            };
            if let Some(lower) = lower {
                let reason = superseded(&lower, &higher);
                self.set_off(
                    lower.digest(),
                    lower.granted().verified(),
                    "superseded",
                    reason,
                );
            }
            newest.insert(name, higher);
        }
        newest
    }

    fn admit(
        &self,
        one: &Arc<Verified>,
        all: &BTreeMap<Digest, Arc<Verified>>,
        switches: &Switches,
        memory: &mut VersionMemory,
    ) -> Result<Granted, (&'static str, String)> {
        let package = one.package();
        let off = switches.why_off(&package.digest, one.publisher(), &package.name);
        if let Some(why) = off {
            return Err(("disabled", why.to_owned()));
        }
        let not_granted = |error: String| ("not granted", error);
        let in_force = self
            .in_force
            .as_ref()
            .ok_or_else(|| not_granted("nothing is in force".to_owned()))?;
        let pinned = pinned(in_force, one, all);
        let granted = Granted::new(one.clone(), pinned, in_force);
        let granted = granted.map_err(|error| not_granted(error.to_string()))?;
        // A grant that names these very bytes wants them, however old; one that follows does not.
        let on_purpose = !granted.was_followed();
        let admitted = memory.admit(one, on_purpose);
        admitted.map_err(|error| ("rolled back", error.to_string()))?;
        Ok(granted)
    }

    fn set_off(
        &mut self,
        digest: Digest,
        one: &Arc<Verified>,
        state: &'static str,
        reason: String,
    ) {
        self.off.push(Off {
            digest,
            claims: Some(Claims::of(one.package())),
            publisher: Some(one.publisher().to_owned()),
            state,
            reason,
        });
    }
}

/// A kept component.
pub(crate) struct Found {
    /// Its digest.
    pub(crate) digest: Digest,
    /// Who signed it, where the signature was believed.
    pub(crate) publisher: Option<String>,
    /// What it calls itself, if it is a package at all.
    pub(crate) skill: Option<SkillName>,
}

impl From<&Off> for Found {
    fn from(off: &Off) -> Self {
        Self {
            digest: off.digest,
            publisher: off.publisher.clone(),
            skill: off.claims.as_ref().map(|claims| claims.skill.clone()),
        }
    }
}

impl Found {
    /// Every version of its skill, where it is known whose it is.
    pub(crate) fn whole(&self) -> Option<Whole> {
        self.publisher.clone().zip(self.skill.clone())
    }
}

impl Rules {
    /// The file that says that `principal` is an agent over the network, and its role.
    pub(crate) fn agent_file(&self, principal: &Principal) -> Option<Arc<str>> {
        let agent = self.in_force.as_ref()?.content().agent(&principal.id)?;
        Some(agent.name.place.file.clone())
    }

    /// The role of `principal`, from the host's record.
    pub(crate) fn role(&self, principal: &Principal) -> Option<Arc<Role>> {
        let in_force = self.in_force.as_ref()?;
        in_force.content().role(&principal.role).cloned()
    }

    /// The component that answers where a grant names a skill to be called.
    pub(crate) fn answering(&self, granted: &SkillGrant) -> Option<&Arc<InstalledSkill>> {
        self.on.iter().find(|on| {
            on.package().name == granted.skill.value
                && on.granted().verified().publisher() == granted.publisher.value
        })
    }

    /// The component that would have the tool `name` if it were not off.
    pub(crate) fn has_off(&self, name: &str) -> Option<&Off> {
        let off = self.off.iter().filter(|off| off.has_tool(name));
        // Of several, one that was granted says more than one that never was.
        off.min_by_key(|off| off.state == "not granted")
    }

    /// Whether calls of a component have to end, since it is not on any more. Those of one that a later version took the
    /// place of are finished.
    pub(crate) fn ended(&self, digest: &Digest) -> bool {
        let on = self.on.iter().any(|on| on.digest() == *digest);
        let off = self.off.iter().find(|off| off.digest == *digest);
        !on && off.is_none_or(|off| off.state != "superseded")
    }

    /// The components that `name` means, on or off, and who signed each where that was believed.
    pub(crate) fn called(&self, name: &str) -> Vec<Found> {
        let on = self.on.iter().filter(|on| on.is_called(name));
        let on = on.map(|on| Found {
            digest: on.digest(),
            publisher: Some(on.granted().verified().publisher().to_owned()),
            skill: Some(on.package().name.clone()),
        });
        let off = self.off.iter().filter(|off| off.is_called(name));
        on.chain(off.map(Found::from)).collect()
    }

    /// The components whose digests begin with `text`, of which 8 digits are the least.
    pub(crate) fn whose_digest_begins(&self, text: &str) -> Vec<Found> {
        let enough = text
            .strip_prefix("sha256:")
            .is_some_and(|digits| digits.len() >= 8);
        let digests = self.on.iter().map(|on| on.digest());
        let digests = digests.chain(self.off.iter().map(|off| off.digest));
        digests
            .filter(|digest| enough && digest.to_string().starts_with(text))
            .filter_map(|digest| self.kept(&digest))
            .collect()
    }

    /// The kept component `digest`.
    pub(crate) fn kept(&self, digest: &Digest) -> Option<Found> {
        self.called(&digest.to_string()).into_iter().next()
    }
}

impl Off {
    /// Whether `name` means this component: its full name, its short name, or its digest.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.digest.to_string() == name
            || self.claims.as_ref().is_some_and(|claims| {
                claims.skill.to_string() == name || claims.skill.name() == name
            })
    }

    /// Whether it would have the tool called `name`.
    pub(crate) fn has_tool(&self, name: &str) -> bool {
        let claims = self.claims.as_ref();
        claims.is_some_and(|claims| claims.tools.iter().any(|tool| tool == name))
    }
}

impl Claims {
    fn of(package: &Package) -> Self {
        let prefix = package.name.name();
        let tools = package.tools.iter();
        Self {
            skill: package.name.clone(),
            version: package.version.clone(),
            tools: tools.map(|tool| tool_name(prefix, &tool.name)).collect(),
        }
    }
}

/// Why `lower` is off though it is granted, and what brings it back.
fn superseded(lower: &InstalledSkill, higher: &InstalledSkill) -> String {
    let (digest, grant) = (lower.digest(), lower.grant_file());
    format!(
        "version {} is installed and granted as well; to go back to this one, let {grant} say `digest = \"{digest}\"` and no `follow`, then run `vouchsafe apply`",
        higher.package().version
    )
}

/// The component that the grant for `one` pins, where that is another one.
fn pinned<'a>(
    in_force: &InForce,
    one: &Verified,
    all: &'a BTreeMap<Digest, Arc<Verified>>,
) -> Option<&'a Package> {
    let package = one.package();
    let (grant, _) = in_force
        .content()
        .grant_for(&package.name, one.publisher())?;
    all.get(&grant.digest.value).map(|pinned| pinned.package())
}
