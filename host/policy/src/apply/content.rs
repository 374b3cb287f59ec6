//! What all the files say together.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_keys::PublicKey;
use vouchsafe_package::signing::{Revocations, Trust};
use vouchsafe_package::{Digest, SkillName};

use super::Files;
use crate::agent::Agent;
use crate::approval::{Approver, People, Tier};
use crate::cedar::{Demand, Written};
use crate::grant::{Grant, Notice};
use crate::place::{At, Fault, Faults, Place, Source};
use crate::role::Role;
use crate::settings::{Network, Notify, Settings, Vault, Witnesses};
use crate::way::Way;

/// Grants, roles, trust and revocations, read and consistent with each other.
#[derive(Clone)]
pub struct Content {
    grants: BTreeMap<Key, (Arc<Grant>, Digest)>,
    roles: BTreeMap<String, Arc<Role>>,
    agents: BTreeMap<String, Agent>,
    trust: Trust,
    revocations: Revocations,
    way: Way,
    people: Arc<People>,
    policies: Arc<[Arc<Written>]>,
    policy_files: Arc<[String]>,
}

/// Whose skill of which name.
pub(super) type Key = (SkillName, String);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let grants = self.grants.keys();
        f.debug_struct("Content")
            .field("grants", &grants)
            .field("roles", &self.roles.keys())
            .finish_non_exhaustive()
    }
}

/// More files than an installation has.
const MAX_FILES: usize = 10_000;

impl Content {
    /// Reads every file.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn read(files: &Files, operators: &[PublicKey], seen: u64) -> Result<Self, Faults> {
        if files.len() > MAX_FILES {
            return Err(fault("grants", &format!("there are more than {MAX_FILES} files")).into());
        }
        let mut reader = Reader::new();
        for (path, bytes) in files {
            if let Err(fault) = reader.file(path, bytes, operators, seen) {
                reader.faults.push(fault);
            }
        }
        if seen > 0 && !files.contains_key(REVOCATIONS) {
            let problem = format!(
                "it is missing, and list {seen} was in force: what it revokes would come back"
            );
            reader
                .faults
                .push(fault(REVOCATIONS, &problem).with_fix("put the list back"));
        }
        reader.same_names();
        reader.unknown_tiers();
        reader.unknown_roles();
        reader.faults.extend(super::callees::faults(&reader.grants));
        reader.no_manager();
        reader.finish()
    }

    /// The grants, by skill and publisher.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values().map(|(grant, _)| &**grant)
    }

    /// The grant for this skill of this publisher, and the digest of its file.
    #[must_use]
    pub fn grant_for(&self, skill: &SkillName, publisher: &str) -> Option<(&Arc<Grant>, Digest)> {
        let (grant, digest) = self.grants.get(&(skill.clone(), publisher.to_owned()))?;
        Some((grant, *digest))
    }

    /// The role called `name`; the person's own role is built in unless a file defines it.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles.get(name)
    }

    /// The roles, the built-in one among them, by name.
    pub fn roles(&self) -> impl Iterator<Item = &Role> + Clone {
        self.roles.values().map(|role| &**role)
    }

    /// The agent called `name`, who comes over the network.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.get(name)
    }

    /// The agents that come over the network, by name.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    /// Where this host is reached, when it serves.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.people.settings.network
    }

    /// Who may sign what.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// What must not run.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// How requests leave.
    #[must_use]
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// Who can be asked, of what, and whom agents work for.
    #[must_use]
    pub fn people(&self) -> &Arc<People> {
        &self.people
    }

    /// What policies take away, in the order of their files.
    #[must_use]
    pub fn policies(&self) -> &[Arc<Written>] {
        &self.policies
    }

    /// The files of policies.
    pub fn policy_files(&self) -> impl Iterator<Item = &str> {
        self.policy_files.iter().map(String::as_str)
    }

    /// The calls that `policy` can match, of those that a role and a grant give: role, skill and tool.
    #[must_use]
    pub fn matches(&self, policy: &Written) -> Vec<(&str, &SkillName, &str)> {
        let tools = self.grants().flat_map(|grant| {
            let tools = grant.tools.keys();
            tools.map(move |tool| (&grant.skill.value, tool.as_str()))
        });
        let mut all = Vec::new();
        for (skill, tool) in tools {
            let roles = self.roles().filter(|role| {
                let name = &role.name.value;
                role.may_call(skill, tool).is_some() && policy.can_match(name, skill, tool)
            });
            all.extend(roles.map(|role| (role.name.value.as_str(), skill, tool)));
        }
        all
    }

    /// Who hears that a call waits for people.
    #[must_use]
    pub fn notify(&self) -> Option<&Notify> {
        self.people.settings.notify.as_ref().map(|at| &at.value)
    }

    /// The secrets manager, where there is one.
    #[must_use]
    pub fn vault(&self) -> Option<&Vault> {
        self.people.settings.vault.as_ref().map(|at| &at.value)
    }

    /// Who signs for what the log was, where anybody does.
    #[must_use]
    pub fn witnesses(&self) -> Option<&Witnesses> {
        self.people.settings.witnesses.as_ref().map(|at| &at.value)
    }

    /// What the files say that this build does less of than one may expect.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let untrusted = self.grants().filter_map(|grant| self.untrusted(grant));
        let bus = self.roles().flat_map(Role::notices);
        let unanswered = super::callees::unanswered(&self.grants);
        self.grants()
            .flat_map(Grant::notices)
            .chain(untrusted)
            .chain(self.grants().flat_map(|grant| self.unanswerable(grant)))
            .chain(bus)
            .chain(unanswered)
            .chain(self.policies.iter().filter_map(|one| self.idle(one)))
            .collect()
    }

    /// A policy that no call can match, since nobody could make such a call anyway.
    fn idle(&self, policy: &Written) -> Option<Notice> {
        let says = "the policy can never match: no role and no grant give what it is about";
        self.matches(policy).is_empty().then(|| Notice {
            place: policy.place.clone(),
            says: says.to_owned(),
        })
    }

    /// Tools that ask for more people than are enrolled.
    fn unanswerable<'a>(&'a self, grant: &'a Grant) -> impl Iterator<Item = Notice> + 'a {
        grant.tools.iter().filter_map(|(tool, granted)| {
            let confirm = granted.confirm.as_ref()?;
            let tier = Tier {
                somebody_else: false,
                ..self.people.tier(confirm.value.tier())?
            };
            let could = self.people.could_say_yes(&tier, None).len();
            let wanted = usize::try_from(tier.people).unwrap_or(usize::MAX);
            (could < wanted).then(|| Notice {
                place: confirm.place.clone(),
                says: format!(
                    "`{tool}` asks for {tier}, and {could} of those who are enrolled would count: such a call is refused with NOT_APPROVED"
                ),
            })
        })
    }

    fn untrusted(&self, grant: &Grant) -> Option<Notice> {
        let (publisher, namespace) = (&grant.publisher, grant.skill.value.namespace());
        let says = match self.trust.publisher(&publisher.value) {
            None => format!(
                "trust.toml names no publisher `{}`: nothing runs under this grant",
                publisher.value
            ),
            Some(known) if !known.owns(namespace) => {
                format!(
                    "`{}` may not sign `{namespace}` ({}): nothing runs under this grant",
                    known.name(),
                    known.place()
                )
            }
            Some(_) => return None,
        };
        Some(Notice {
            place: publisher.place.clone(),
            says,
        })
    }
}

const TRUST: &str = "trust.toml";
const REVOCATIONS: &str = "revocations.json";
const WAY: &str = "egress.toml";
const SETTINGS: &str = Settings::FILE;

struct Reader {
    grants: BTreeMap<Key, (Arc<Grant>, Digest)>,
    roles: BTreeMap<String, Arc<Role>>,
    agents: BTreeMap<String, Agent>,
    trust: Trust,
    revocations: Revocations,
    way: Way,
    people: People,
    policies: Vec<Arc<Written>>,
    policy_files: Vec<String>,
    faults: Vec<Fault>,
}

impl Reader {
    fn new() -> Self {
        let local = Role::local();
        Self {
            grants: BTreeMap::new(),
            roles: BTreeMap::from([(local.name.value.clone(), Arc::new(local))]),
            agents: BTreeMap::new(),
            trust: Trust::nobody(),
            revocations: Revocations::none(),
            way: Way::default(),
            people: People::default(),
            policies: Vec::new(),
            policy_files: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn file(
        &mut self,
        path: &str,
        bytes: &[u8],
        operators: &[PublicKey],
        seen: u64,
    ) -> Result<(), Fault> {
        match kind(path)? {
            Kind::Grant => self.grant(path, bytes),
            Kind::Role => self.role(path, bytes),
            Kind::Policy => {
                let text = Source::of_bytes(path, bytes)?;
                let read = Written::parse(path, text.text())?;
                self.policies.extend(read.into_iter().map(Arc::new));
                self.policy_files.push(path.to_owned());
                Ok(())
            }
            Kind::Trust => {
                self.trust = trust(path, bytes)?;
                Ok(())
            }
            Kind::Way => {
                self.way = Way::parse(path, Source::of_bytes(path, bytes)?.text())?;
                Ok(())
            }
            Kind::Settings => {
                let text = Source::of_bytes(path, bytes)?;
                self.people.settings = Settings::parse(path, text.text())?;
                Ok(())
            }
            Kind::Approver => self.approver(path, bytes),
            Kind::Agent => self.agent(path, bytes),
            Kind::Revocations => {
                let list = Revocations::accept(bytes, operators, seen);
                self.revocations = list.map_err(|error| fault(path, &error.to_string()))?;
                Ok(())
            }
        }
    }

    fn grant(&mut self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        let source = Source::of_bytes(path, bytes)?;
        let grant = Grant::parse(path, source.text())?;
        let key = (grant.skill.value.clone(), grant.publisher.value.clone());
        if let Some((other, _)) = self.grants.get(&key) {
            let problem = format!(
                "`{}` of `{}` is granted already at {}",
                key.0, key.1, other.skill.place
            );
            return Err(
                Fault::new(grant.skill.place, problem).with_fix("keep one of the two files")
            );
        }
        self.grants
            .insert(key, (Arc::new(grant), Digest::of(bytes)));
        Ok(())
    }

    fn role(&mut self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        let role = Role::parse(path, Source::of_bytes(path, bytes)?.text())?;
        match self.roles.get(&role.name.value) {
            Some(other) if *other.file != *Role::BUILT_IN => {
                let problem = format!(
                    "role `{}` is defined already at {}",
                    role.name.value, other.name.place
                );
                Err(Fault::new(role.name.place, problem).with_fix("keep one of the two files"))
            }
            _ => {
                self.roles.insert(role.name.value.clone(), Arc::new(role));
                Ok(())
            }
        }
    }

    /// One key is one person's, and one name is one key's.
    fn approver(&mut self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        let new = Approver::parse(path, Source::of_bytes(path, bytes)?.text())?;
        for known in &self.people.approvers {
            let (what, place, other) = if known.key.value == new.key.value {
                ("this key", &new.key.place, &known.key.place)
            } else if known.name.value == new.name.value {
                ("this name", &new.name.place, &known.name.place)
            } else {
                continue;
            };
            let problem = format!("{what} is enrolled already at {other}");
            return Err(Fault::new(place.clone(), problem).with_fix("keep one of the two"));
        }
        self.people.approvers.push(new);
        Ok(())
    }

    fn agent(&mut self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        let new = Agent::parse(path, Source::of_bytes(path, bytes)?.text())?;
        if let Some(known) = self.agents.get(&new.name.value) {
            let problem = format!("this agent has a role already at {}", known.role.place);
            return Err(Fault::new(new.name.place, problem).with_fix("keep one of the two files"));
        }
        self.agents.insert(new.name.value.clone(), new);
        Ok(())
    }

    /// Roles that agents have and nothing defines.
    fn unknown_roles(&mut self) {
        let unknown = self.agents.values().map(|agent| &agent.role);
        let unknown = unknown.filter(|role| !self.roles.contains_key(&role.value));
        let faults: Vec<_> = unknown
            .map(|At { value, place }| {
                let problem = format!("no role is called `{value}`");
                let fix = format!("write roles/{value}.toml with `role = \"{value}\"`");
                Fault::new(place.clone(), problem).with_fix(fix)
            })
            .collect();
        self.faults.extend(faults);
    }

    /// Tiers that grants and policies name and nothing defines.
    fn unknown_tiers(&mut self) {
        let grants = self
            .grants
            .values()
            .flat_map(|(grant, _)| grant.tools.values());
        let confirms = grants.filter_map(|tool| tool.confirm.as_ref());
        let granted = confirms.map(|confirm| (confirm.value.tier(), &confirm.place));
        let policed = self.policies.iter().filter_map(|one| match &one.demand {
            Demand::Person(tier) => Some((tier.as_str(), &one.place)),
            Demand::Refusal => None,
        });
        let unknown = granted
            .chain(policed)
            .filter(|(tier, _)| self.people.tier(tier).is_none());
        let fault = |(tier, place): (&str, &Place)| {
            let problem = format!("no tier is called `{tier}`");
            Fault::new(place.clone(), problem).with_fix(format!(
                "write `always` or `four-eyes`, or add `[confirm.{tier}]` with `people = 2` to {SETTINGS}"
            ))
        };
        let faults: Vec<_> = unknown.map(fault).collect();
        self.faults.extend(faults);
    }

    /// Credentials of a secrets manager, and no secrets manager.
    fn no_manager(&mut self) {
        if self.people.settings.vault.is_some() {
            return;
        }
        let grants = self.grants.values();
        let places = grants.flat_map(|(grant, _)| grant.managed().map(|auth| auth.place.clone()));
        let problem = "no secrets manager is set up";
        let fix = format!(
            "add `[vault]` to {SETTINGS}, with `address` and `login = {{ kubernetes = \"ROLE\" }}`"
        );
        let faults = places.map(|place| Fault::new(place, problem).with_fix(fix.clone()));
        let faults: Vec<_> = faults.collect();
        self.faults.extend(faults);
    }

    /// Two skills whose tools would be called the same.
    fn same_names(&mut self) {
        let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
        for (grant, _) in self.grants.values() {
            if let Some(first) = seen.insert(grant.prefix(), grant.prefix_place()) {
                let problem = format!(
                    "the tools of two skills would be called `{}_...`, also by {first}",
                    grant.prefix()
                );
                let fix = format!("add `alias = \"another-name\"` to {}", grant.file);
                self.faults
                    .push(Fault::new(grant.prefix_place().clone(), problem).with_fix(fix));
            }
        }
    }

    fn finish(self) -> Result<Content, Faults> {
        if !self.faults.is_empty() {
            return Err(self.faults.into());
        }
        let Self {
            grants,
            roles,
            agents,
            trust,
            revocations,
            way,
            people,
            policies,
            policy_files,
            ..
        } = self;
        Ok(Content {
            grants,
            roles,
            agents,
            trust,
            revocations,
            way,
            people: Arc::new(people),
            policies: policies.into(),
            policy_files: policy_files.into(),
        })
    }
}

enum Kind {
    Grant,
    Role,
    Trust,
    Revocations,
    Way,
    Settings,
    Approver,
    Agent,
    Policy,
}

/// What a path holds. Anything else can't be put into force.
fn kind(path: &str) -> Result<Kind, Fault> {
    let shown: String = path
        .chars()
        .take(120)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    match path.split_once('/') {
        None if path == TRUST => Ok(Kind::Trust),
        None if path == REVOCATIONS => Ok(Kind::Revocations),
        None if path == WAY => Ok(Kind::Way),
        None if path == SETTINGS => Ok(Kind::Settings),
        Some(("approvers", name)) if is_file_name(name, ".toml") => Ok(Kind::Approver),
        Some(("agents", name)) if is_file_name(name, ".toml") => Ok(Kind::Agent),
        Some(("grants", name)) if is_file_name(name, ".toml") => Ok(Kind::Grant),
        Some(("roles", name)) if is_file_name(name, ".toml") => Ok(Kind::Role),
        Some(("policies", name)) if is_file_name(name, ".cedar") => Ok(Kind::Policy),
        _ => Err(fault(&shown, "no such file can be applied").with_fix(
            "want grants/NAME.toml, roles/NAME.toml, approvers/NAME.toml, agents/NAME.toml, policies/NAME.cedar, trust.toml, egress.toml, vouchsafe.toml or revocations.json",
        )),
    }
}

fn is_file_name(name: &str, ending: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    name.len() <= 200
        && !name.starts_with('.')
        && name.len() > ending.len()
        && name.ends_with(ending)
        && name.bytes().all(plain)
}

/// Keys stand in the file itself: another file would not be covered by the operator's signature.
fn trust(path: &str, bytes: &[u8]) -> Result<Trust, Fault> {
    let source = Source::of_bytes(path, bytes)?;
    Trust::parse(source.text()).map_err(|error| {
        let line = error.line().unwrap_or(1);
        let prefix = error
            .line()
            .map_or_else(|| format!("{TRUST}: "), |line| format!("{TRUST}:{line}: "));
        let said = error.to_string();
        let problem = said.strip_prefix(&prefix).unwrap_or(&said);
        Fault::new(
            Place {
                file: path.into(),
                line,
                column: 1,
            },
            problem,
        )
    })
}

fn fault(path: &str, problem: &str) -> Fault {
    Fault::new(
        Place {
            file: path.into(),
            line: 1,
            column: 1,
        },
        problem,
    )
}
