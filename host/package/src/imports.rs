//! Imports against declarations, both ways: a skill imports nothing that its manifest does not
//! declare, and declares nothing that it does not import.

use std::collections::BTreeSet;
use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::inert;
use crate::manifest::Manifest;
use crate::reader::{OuterKind, Raw};
use crate::tier::Tier;

/// A kind of capability that a manifest can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `[http.NAME]`
    Http,
    /// `[settings.NAME]`
    Settings,
    /// `[files.NAME]`
    Files,
    /// `[state.NAME]`
    State,
    /// `[sql.DATABASE.NAME]`
    Sql,
    /// `[prompts.NAME]`
    Prompts,
    /// `[skills."NAME"]`
    Skills,
    /// `[upstream.NAME]`
    Upstream,
    /// `[bus]`, `publish`
    Bus,
}

impl Kind {
    /// All kinds, in the order that people read them.
    pub const ALL: [Self; 9] = [
        Self::Http,
        Self::Settings,
        Self::Files,
        Self::State,
        Self::Sql,
        Self::Prompts,
        Self::Skills,
        Self::Upstream,
        Self::Bus,
    ];

    /// The manifest's word for it.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Settings => "settings",
            Self::Files => "files",
            Self::State => "state",
            Self::Sql => "sql",
            Self::Prompts => "prompts",
            Self::Skills => "skills",
            Self::Upstream => "upstream",
            Self::Bus => "bus",
        }
    }

    /// How far a skill with it reaches.
    #[must_use]
    pub const fn tier(self) -> Tier {
        match self {
            Self::Http | Self::Settings | Self::Files | Self::State | Self::Sql => Tier::Connected,
            Self::Prompts | Self::Skills | Self::Upstream | Self::Bus => Tier::Delegating,
        }
    }

    /// The interface that a skill that declares it has to import.
    const fn interface(self) -> &'static str {
        match self {
            Self::Http => HTTP,
            Self::Settings => CONFIG,
            Self::Files => inert::FILES_PREOPENS,
            Self::State => "wasi:keyvalue/store",
            Self::Sql => "vouchsafe:skill/sql",
            Self::Prompts => "vouchsafe:skill/model",
            Self::Skills => "the other skill's interface",
            Self::Upstream => "vouchsafe:skill/upstream",
            Self::Bus => "vouchsafe:skill/bus",
        }
    }

    /// Whether the manifest declares any of it.
    #[must_use]
    pub fn is_declared(self, manifest: &Manifest) -> bool {
        match self {
            Self::Http => !manifest.http.is_empty(),
            Self::Settings => !manifest.settings.is_empty(),
            Self::Files => !manifest.files.is_empty(),
            Self::State => !manifest.state.is_empty(),
            Self::Sql => !manifest.sql.is_empty(),
            Self::Prompts => !manifest.prompts.is_empty(),
            Self::Skills => !manifest.skills.is_empty(),
            Self::Upstream => !manifest.upstream.is_empty(),
            Self::Bus => !manifest.bus.publish.is_empty(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.table())
    }
}

const HTTP: &str = "wasi:http/outgoing-handler";
const CONFIG: &str = "wasi:config/store";
/// What a skill exports that is started by messages.
pub const SUBSCRIBER: &str = "vouchsafe:skill/subscriber";

/// A skill's imports, sorted out. Full names with versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Imports {
    /// Those that the manifest declares a capability for, and the log, which is for all.
    pub declared: Vec<String>,
    /// Those on the inert list.
    pub inert: Vec<String>,
    /// Interfaces of other skills.
    pub skills: Vec<String>,
}

/// Why imports and declarations do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Imported, not declared.
    #[error("the component imports `{import}`, which skill.toml does not declare; add {add}")]
    Undeclared {
        /// The import.
        import: String,
        /// The table that would declare it.
        add: String,
    },
    /// Declared, not imported.
    #[error(
        "`[{table}]` is declared, but the component does not import `{interface}`; take the table out"
    )]
    Unused {
        /// The table.
        table: String,
        /// What it would take.
        interface: String,
    },
    /// Nothing that the host has.
    #[error("the component imports `{0}`, which this host does not offer{1}")]
    Unknown(String, &'static str),
    /// `[bus] subscribe` and the export that serves it do not go together.
    #[error(
        "`[bus] subscribe` and the export `vouchsafe:skill/subscriber` go together; only {0} is there"
    )]
    Subscriber(&'static str),
    /// An export in our namespace that means nothing.
    #[error("the component exports `{0}`, which this host does not call")]
    UnknownExport(String),
}

/// What an import is.
enum Class {
    Inert,
    /// For every skill.
    Free,
    Of(Kind),
    Unknown(&'static str),
}

/// An import's name in parts.
struct Interface<'a> {
    name: &'a str,
    version: Option<Version>,
}

impl<'a> Interface<'a> {
    fn parse(import: &'a str) -> Self {
        match import.split_once('@') {
            Some((name, version)) => Self {
                name,
                version: Version::parse(version).ok(),
            },
            None => Self {
                name: import,
                version: None,
            },
        }
    }

    fn class(&self, manifest: &Manifest) -> Class {
        let version = self.version.as_ref();
        let declares = |kind: Kind| kind.is_declared(manifest);
        let is_files = [inert::FILES_TYPES, inert::FILES_PREOPENS].contains(&self.name);
        if inert::find(self.name, version).is_some() {
            return if is_files && declares(Kind::Files) {
                Class::Of(Kind::Files)
            } else {
                Class::Inert
            };
        }
        match self.name.split_once(':') {
            Some(("wasi", _)) => self.wasi(manifest),
            Some(("vouchsafe", _)) => self.ours(),
            Some(_) if self.name.contains('/') => Class::Of(Kind::Skills),
            _ => Class::Unknown(
                "; only interfaces of a package, such as `acme:erp/records`, are linked",
            ),
        }
    }

    fn wasi(&self, manifest: &Manifest) -> Class {
        let Some(version) = &self.version else {
            return Class::Unknown(" without a version");
        };
        let is_0_2 = (version.major, version.minor) == (0, 2);
        match self.name {
            HTTP | "wasi:http/types" if inert::is_wasi_0_2(version) => Class::Of(Kind::Http),
            // An `http` destination's place is read from there too.
            CONFIG if is_0_2 && manifest.settings.is_empty() && !manifest.http.is_empty() => {
                Class::Of(Kind::Http)
            }
            CONFIG if is_0_2 => Class::Of(Kind::Settings),
            "wasi:keyvalue/store" | "wasi:keyvalue/atomics" | "wasi:keyvalue/batch" if is_0_2 => {
                Class::Of(Kind::State)
            }
            _ => Class::Unknown(" (in this version)"),
        }
    }

    fn ours(&self) -> Class {
        if self
            .version
            .as_ref()
            .is_none_or(|version| (version.major, version.minor) != (0, 1))
        {
            return Class::Unknown(" in this version; it has `vouchsafe:skill@0.1.0`");
        }
        match self.name {
            "vouchsafe:skill/log" | "vouchsafe:skill/types" => Class::Free,
            "vouchsafe:skill/sql" => Class::Of(Kind::Sql),
            "vouchsafe:skill/model" => Class::Of(Kind::Prompts),
            "vouchsafe:skill/upstream" => Class::Of(Kind::Upstream),
            "vouchsafe:skill/bus" => Class::Of(Kind::Bus),
            _ => Class::Unknown(""),
        }
    }
}

/// Sorts the imports out and refuses what does not fit the manifest, either way.
pub fn check(raw: &Raw<'_>, manifest: &Manifest) -> Result<Imports, ImportError> {
    let mut imports = Imports::default();
    let mut kinds = BTreeSet::new();
    let mut interfaces = BTreeSet::new();
    for outer in &raw.imports {
        match outer.kind {
            OuterKind::Type => continue,
            OuterKind::Function => {
                let why = "; a skill imports interfaces, not single functions";
                return Err(ImportError::Unknown(outer.name.to_owned(), why));
            }
            OuterKind::Instance => {}
        }
        let interface = Interface::parse(outer.name);
        interfaces.insert(interface.name);
        match interface.class(manifest) {
            Class::Inert => imports.inert.push(outer.name.to_owned()),
            Class::Free => imports.declared.push(outer.name.to_owned()),
            Class::Of(kind) => {
                is_declared(kind, &interface, outer.name, manifest)?;
                kinds.insert(kind);
                let list = if kind == Kind::Skills {
                    &mut imports.skills
                } else {
                    &mut imports.declared
                };
                list.push(outer.name.to_owned());
            }
            Class::Unknown(why) => return Err(ImportError::Unknown(outer.name.to_owned(), why)),
        }
    }
    is_used(manifest, &interfaces)?;
    exports(raw, manifest)?;
    Ok(imports)
}

fn is_declared(
    kind: Kind,
    interface: &Interface<'_>,
    import: &str,
    manifest: &Manifest,
) -> Result<(), ImportError> {
    let (found, add) = match kind {
        Kind::Skills => {
            let name = interface.name;
            (
                manifest.skills.contains_key(name),
                format!("`[skills.\"{name}\"]`"),
            )
        }
        Kind::Bus => (
            kind.is_declared(manifest),
            "`[bus]` with `publish`".to_owned(),
        ),
        Kind::Sql => (
            kind.is_declared(manifest),
            "`[sql.DATABASE.NAME]`".to_owned(),
        ),
        _ => (kind.is_declared(manifest), format!("`[{kind}.NAME]`")),
    };
    if found {
        return Ok(());
    }
    Err(ImportError::Undeclared {
        import: import.to_owned(),
        add,
    })
}

fn is_used(manifest: &Manifest, interfaces: &BTreeSet<&str>) -> Result<(), ImportError> {
    let unused = |table: String, interface: &str| {
        Err(ImportError::Unused {
            table,
            interface: interface.to_owned(),
        })
    };
    for kind in Kind::ALL {
        let is_used = kind == Kind::Skills || interfaces.contains(kind.interface());
        if kind.is_declared(manifest) && !is_used {
            return unused(kind.table().to_owned(), kind.interface());
        }
    }
    match manifest
        .skills
        .keys()
        .find(|name| !interfaces.contains(name.as_str()))
    {
        Some(name) => unused(format!("skills.\"{name}\""), name),
        None => Ok(()),
    }
}

fn exports(raw: &Raw<'_>, manifest: &Manifest) -> Result<(), ImportError> {
    let mut has_subscriber = false;
    for outer in &raw.exports {
        if !outer.name.starts_with("vouchsafe:") {
            continue;
        }
        if Interface::parse(outer.name).name != SUBSCRIBER {
            return Err(ImportError::UnknownExport(outer.name.to_owned()));
        }
        has_subscriber = true;
    }
    match (has_subscriber, manifest.bus.subscribe.is_empty()) {
        (true, true) => Err(ImportError::Subscriber("the export")),
        (false, false) => Err(ImportError::Subscriber("`subscribe`")),
        _ => Ok(()),
    }
}

/// How far a skill reaches that declares this, all of which it imports.
#[must_use]
pub fn tier(manifest: &Manifest) -> Tier {
    let declared = Kind::ALL
        .into_iter()
        .filter(|kind| kind.is_declared(manifest));
    let widest = declared.map(Kind::tier).max().unwrap_or(Tier::Pure);
    if manifest.bus.subscribe.is_empty() {
        widest
    } else {
        widest.max(Tier::Connected)
    }
}
