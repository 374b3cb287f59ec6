//! `roles/*.toml`: what an agent of a kind may do; and who is asking.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_package::SkillName;
use vouchsafe_package::name::is_kebab;

use crate::grant::Notice;
use crate::place::{At, Fault, Place, Source};

/// Who asks. Made from what the host knows of a connection, never from what a client claims.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    /// Whose installation, quotas and records.
    pub tenant: Arc<str>,
    /// The agent.
    pub id: Arc<str>,
    /// The name of its role.
    pub role: Arc<str>,
}

impl Principal {
    /// An agent of the person whose host this is: a peer of the same user id.
    #[must_use]
    pub fn local(id: &str) -> Self {
        Self {
            tenant: "local".into(),
            id: id.into(),
            role: Role::LOCAL.into(),
        }
    }

    /// An agent over the network, whose certificate and role the host has looked at.
    #[must_use]
    pub fn agent(name: &str, role: &str) -> Self {
        Self {
            tenant: "local".into(),
            id: name.into(),
            role: role.into(),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (role {})", self.id, self.role)
    }
}

/// What agents of one kind may do, with the line of each word. A role gives nothing that no grant
/// gives: both must allow a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// The file, or `built in`.
    pub file: Arc<str>,
    /// Its name.
    pub name: At<String>,
    /// What it may do with skills.
    pub skills: Vec<At<Permission>>,
    /// Which tools it may call, and which skills it may register.
    pub tools: Vec<At<Scope>>,
    /// Channels that it may put messages on.
    pub publish: Vec<At<String>>,
    /// Channels that it may listen to.
    pub subscribe: Vec<At<String>>,
    /// Roles whose agents it may start.
    pub invoke: Vec<At<String>>,
}

/// What a role may do with skills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// See which there are.
    Read,
    /// Call their tools.
    Execute,
    /// Bring in new ones; a grant is still the operator's.
    Register,
}

/// Some tools: `*`, `acme:*`, `acme:payments/*` or `acme:payments/status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every tool.
    Everything,
    /// Every tool of a namespace.
    Namespace(String),
    /// Every tool of a skill.
    Skill(SkillName),
    /// One tool.
    Tool(SkillName, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRole {
    role: Option<Spanned<String>>,
    #[serde(default)]
    skills: Vec<Spanned<Permission>>,
    #[serde(default)]
    tools: Vec<Spanned<String>>,
    #[serde(default)]
    bus: RawBus,
    #[serde(default)]
    agents: RawAgents,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawBus {
    #[serde(default)]
    publish: Vec<Spanned<String>>,
    #[serde(default)]
    subscribe: Vec<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawAgents {
    #[serde(default)]
    invoke: Vec<Spanned<String>>,
}

impl Role {
    /// The role of a person's own agents.
    pub const LOCAL: &str = "local";

    /// Where a role stands that no file has.
    pub const BUILT_IN: &str = "built in";

    /// Reads the text of `file` (`roles/invoice-processing-agent.toml`).
    ///
    /// # Errors
    /// The first thing wrong, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, Fault> {
        let source = Source::new(file, text);
        let raw: RawRole = source.toml()?;
        let name = source
            .required(raw.role, "role = \"name\"")?
            .try_map(|text| name(text, "a role"))?;
        let role = Self {
            file: Arc::clone(source.file()),
            name,
            skills: raw.skills.into_iter().map(|word| source.at(word)).collect(),
            tools: each(&source, raw.tools, |text| text.parse())?,
            publish: each(&source, raw.bus.publish, channel)?,
            subscribe: each(&source, raw.bus.subscribe, channel)?,
            invoke: each(&source, raw.agents.invoke, name_of_role)?,
        };
        role.says_which_tools()?;
        Ok(role)
    }

    /// The role that a person's own agents have while no file says otherwise: they may call every
    /// tool that is granted, and nothing else.
    #[must_use]
    pub fn local() -> Self {
        let place = Place {
            file: Self::BUILT_IN.into(),
            line: 1,
            column: 1,
        };
        Self {
            file: Self::BUILT_IN.into(),
            name: At {
                value: Self::LOCAL.to_owned(),
                place: place.clone(),
            },
            skills: [Permission::Read, Permission::Execute]
                .map(|value| At {
                    value,
                    place: place.clone(),
                })
                .into(),
            tools: vec![At {
                value: Scope::Everything,
                place,
            }],
            publish: Vec::new(),
            subscribe: Vec::new(),
            invoke: Vec::new(),
        }
    }

    /// The line that lets it do `permission` with skills, if one does.
    #[must_use]
    pub fn permits(&self, permission: Permission) -> Option<&Place> {
        self.skills
            .iter()
            .find(|word| word.value == permission)
            .map(|word| &word.place)
    }

    /// The line that lets it call `tool` of `skill`, if one does.
    #[must_use]
    pub fn may_call(&self, skill: &SkillName, tool: &str) -> Option<&Place> {
        self.permits(Permission::Execute)?;
        self.tools
            .iter()
            .find(|scope| scope.value.has(skill, tool))
            .map(|scope| &scope.place)
    }

    /// The line that lets it register `skill`, if one does.
    #[must_use]
    pub fn may_register(&self, skill: &SkillName) -> Option<&Place> {
        self.permits(Permission::Register)?;
        self.tools
            .iter()
            .find(|scope| scope.value.has_all_of(skill))
            .map(|scope| &scope.place)
    }

    /// What it says that this build does less of than one may expect.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let unused = [
            ("publish", &self.publish),
            ("subscribe", &self.subscribe),
            ("invoke", &self.invoke),
        ];
        let first = unused
            .iter()
            .filter_map(|(key, names)| Some((key, names.first()?)));
        let notice = |(key, at): (&&str, &At<String>)| Notice {
            place: at.place.clone(),
            says: format!(
                "`{key}`: this build has no channels and starts no agents; it gives nothing yet"
            ),
        };
        first.map(notice).collect()
    }

    /// How people read a place in it.
    pub(crate) fn shown(&self, place: &Place) -> String {
        if *self.file == *Self::BUILT_IN {
            return Self::BUILT_IN.to_owned();
        }
        place.to_string()
    }

    fn says_which_tools(&self) -> Result<(), Fault> {
        let acts = self
            .permits(Permission::Execute)
            .or_else(|| self.permits(Permission::Register));
        match acts {
            Some(place) if self.tools.is_empty() => {
                let problem = "the role may act on skills, but nothing says on which";
                Err(Fault::new(place.clone(), problem)
                    .with_fix("add `tools = [\"namespace:skill/*\"]`, or `[\"*\"]` for all"))
            }
            _ => Ok(()),
        }
    }
}

impl Scope {
    /// Whether `tool` of `skill` is among them.
    #[must_use]
    pub fn has(&self, skill: &SkillName, tool: &str) -> bool {
        match self {
            Self::Tool(of, name) => of == skill && name == tool,
            wider => wider.has_all_of(skill),
        }
    }

    fn has_all_of(&self, skill: &SkillName) -> bool {
        match self {
            Self::Everything => true,
            Self::Namespace(namespace) => namespace == skill.namespace(),
            Self::Skill(of) => of == skill,
            Self::Tool(..) => false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("*"),
            Self::Namespace(namespace) => write!(f, "{namespace}:*"),
            Self::Skill(skill) => write!(f, "{skill}/*"),
            Self::Tool(skill, tool) => write!(f, "{skill}/{tool}"),
        }
    }
}

impl FromStr for Scope {
    /// What it should look like.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().take(160).collect();
        let wrong = || {
            format!(
                "`{shown}` names no tools: want `namespace:skill/tool`, `namespace:skill/*`, `namespace:*` or `*`"
            )
        };
        if text == "*" {
            return Ok(Self::Everything);
        }
        if let Some(namespace) = text.strip_suffix(":*") {
            return is_kebab(namespace)
                .then(|| Self::Namespace(namespace.to_owned()))
                .ok_or_else(wrong);
        }
        let (skill, tool) = text.split_once('/').ok_or_else(wrong)?;
        let skill: SkillName = skill.parse().map_err(|_| wrong())?;
        match tool {
            "*" => Ok(Self::Skill(skill)),
            tool if is_kebab(tool) => Ok(Self::Tool(skill, tool.to_owned())),
            _ => Err(wrong()),
        }
    }
}

fn each<T>(
    source: &Source<'_>,
    texts: Vec<Spanned<String>>,
    read: impl Fn(String) -> Result<T, String>,
) -> Result<Vec<At<T>>, Fault> {
    texts
        .into_iter()
        .map(|text| source.at(text).try_map(&read))
        .collect()
}

fn name(text: String, what: &str) -> Result<String, String> {
    if is_kebab(&text) {
        return Ok(text);
    }
    let shown: String = text.chars().take(80).collect();
    Err(format!(
        "`{shown}` is not {what}: want lower-case letters, digits and single hyphens"
    ))
}

fn name_of_role(text: String) -> Result<String, String> {
    name(text, "a role")
}

/// `document.classified`: words in kebab-case with dots between them.
fn channel(text: String) -> Result<String, String> {
    if text.split('.').all(is_kebab) && text.len() <= 120 {
        return Ok(text);
    }
    let shown: String = text.chars().take(80).collect();
    Err(format!(
        "`{shown}` is not a channel such as `document.classified`"
    ))
}
