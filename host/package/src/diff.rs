//! What another version of a skill would change, as far as it matters to who grants it.

mod declared;
mod text;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::Serialize;

use crate::name::SkillName;
use crate::package::Package;
use crate::tool::Tool;

/// What a change amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// It could do more than before.
    More,
    /// What agents and people read of it changed.
    Words,
    /// It could do less than before.
    Less,
}

/// The part of a package that a change is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    missing_docs,
    reason = "each is the word that the manifest or the page has for it"
)]
pub enum Area {
    Name,
    Tool,
    Http,
    Secret,
    Setting,
    Files,
    State,
    Sql,
    Prompt,
    Skill,
    Upstream,
    Channel,
    Limits,
    Imports,
    Tier,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it amounts to.
    pub sort: Sort,
    /// Where.
    pub area: Area,
    /// Which: `status`, or `+ events`, `- bank` for what came or went.
    pub item: String,
    /// From what to what.
    pub detail: String,
}

/// All changes between two packages. `Display` is what `vouchsafe diff` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Which skill, by its new name.
    pub name: SkillName,
    /// The old version.
    pub from: Version,
    /// The new version.
    pub to: Version,
    /// Whether both are of one publisher; for whoever verified the signatures to say.
    pub same_publisher: Option<bool>,
    /// More first, then words, then less.
    pub changes: Vec<Change>,
    /// Where nothing changed, of what is there.
    pub same: Vec<Area>,
    /// Whether its code changed.
    pub code_changed: bool,
}

impl Diff {
    /// Whether somebody has to look: it could do more, or says something else.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        self.changes.iter().any(|change| change.sort != Sort::Less)
    }

    /// 0 when nobody has to look, 3 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.needs_approval() { 3 } else { 0 }
    }
}

/// What `new` changes over `old`.
#[must_use]
pub fn diff(old: &Package, new: &Package) -> Diff {
    let mut changes = Changes::default();
    if old.name != new.name {
        changes.more(Area::Name, "skill", format!("{} -> {}", old.name, new.name));
    }
    words::text(&mut changes, "the skill", &old.about, &new.about);
    tools(&mut changes, old, new);
    declared::all(&mut changes, &old.manifest, &new.manifest);
    declared::limits(&mut changes, &old.limits, &new.limits);
    imports(&mut changes, old, new);
    if old.tier != new.tier {
        changes.by(
            new.tier > old.tier,
            Area::Tier,
            "reach",
            format!("{} -> {}", old.tier, new.tier),
        );
    }
    let touched: BTreeSet<_> = changes.0.iter().map(|change| change.area).collect();
    let present = declared::present(&old.manifest, &new.manifest);
    let same = present
        .into_iter()
        .filter(|area| !touched.contains(area))
        .collect();
    Diff {
        name: new.name.clone(),
        from: old.version.clone(),
        to: new.version.clone(),
        same_publisher: None,
        changes: changes.sorted(),
        same,
        code_changed: old.code != new.code,
    }
}

/// The changes as they are found.
#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, sort: Sort, area: Area, item: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Change {
            sort,
            area,
            item: item.into(),
            detail: detail.into(),
        });
    }

    fn more(&mut self, area: Area, item: impl Into<String>, detail: impl Into<String>) {
        self.add(Sort::More, area, item, detail);
    }

    fn less(&mut self, area: Area, item: impl Into<String>, detail: impl Into<String>) {
        self.add(Sort::Less, area, item, detail);
    }

    /// More if `wider`, else less.
    fn by(&mut self, wider: bool, area: Area, item: impl Into<String>, detail: impl Into<String>) {
        self.add(
            if wider { Sort::More } else { Sort::Less },
            area,
            item,
            detail,
        );
    }

    fn sorted(mut self) -> Vec<Change> {
        self.0.sort_by_key(|change| (change.sort, change.area));
        self.0
    }

    /// What came and what went, by name; `both` looks at what stayed.
    fn maps<T>(
        &mut self,
        area: Area,
        old: &BTreeMap<String, T>,
        new: &BTreeMap<String, T>,
        describe: impl Fn(&T) -> String,
        both: impl Fn(&mut Self, &str, &T, &T),
    ) {
        for (name, now) in new {
            match old.get(name) {
                None => self.more(area, format!("+ {name}"), describe(now)),
                Some(before) => both(self, name, before, now),
            }
        }
        for (name, before) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
            self.less(area, format!("- {name}"), describe(before));
        }
    }
}

fn tools(changes: &mut Changes, old: &Package, new: &Package) {
    for now in &new.tools {
        match old.tool(&now.name) {
            None => changes.more(Area::Tool, format!("+ {}", now.name), now.effect.as_str()),
            Some(before) => tool(changes, before, now),
        }
    }
    for before in old
        .tools
        .iter()
        .filter(|before| new.tool(&before.name).is_none())
    {
        changes.less(
            Area::Tool,
            format!("- {}", before.name),
            before.effect.as_str(),
        );
    }
}

fn tool(changes: &mut Changes, old: &Tool, new: &Tool) {
    let name = new.name.as_str();
    if old.effect != new.effect {
        let detail = format!("{} -> {}", old.effect, new.effect);
        changes.by(new.effect > old.effect, Area::Tool, name, detail);
    }
    targets(changes, old, new);
    subjects(changes, old, new);
    if old.confirm != new.confirm {
        let asks = |tool: &Tool| match &tool.confirm {
            None => "never confirmed".to_owned(),
            Some(confirm) => match &confirm.when {
                None => "always confirmed".to_owned(),
                Some(when) => format!("confirmed when {when}"),
            },
        };
        changes.by(
            old.confirm.is_some(),
            Area::Tool,
            name,
            format!("{} -> {}", asks(old), asks(new)),
        );
    }
    if interface(old) != interface(new) {
        let say = |tool| interface(tool).unwrap_or("the world");
        changes.more(
            Area::Tool,
            name,
            format!("of {} -> of {}", say(old), say(new)),
        );
    }
    let (before, now) = (signature(old), signature(new));
    if !before.same_shape(&now) {
        changes.more(Area::Tool, name, format!("{before} -> {now}"));
    }
    words::text(changes, name, &old.description, &new.description);
    words::schemas(changes, old, new);
}

fn targets(changes: &mut Changes, old: &Tool, new: &Tool) {
    for gone in old
        .targets
        .iter()
        .filter(|target| !new.targets.contains(target))
    {
        changes.more(
            Area::Tool,
            &*new.name,
            format!("`{gone}` is no target any more"),
        );
    }
    for come in new
        .targets
        .iter()
        .filter(|target| !old.targets.contains(target))
    {
        changes.less(Area::Tool, &*new.name, format!("`{come}` is a target now"));
    }
}

/// A subject that goes leaves payloads that can't be erased for whom they are about.
fn subjects(changes: &mut Changes, old: &Tool, new: &Tool) {
    let (before, now) = (&old.subjects, &new.subjects);
    for gone in before.iter().filter(|path| !now.contains(path)) {
        let detail = format!("`{gone}` is no subject any more");
        changes.more(Area::Tool, &*new.name, detail);
    }
    for come in now.iter().filter(|path| !before.contains(path)) {
        let detail = format!("`{come}` is a subject now");
        changes.less(Area::Tool, &*new.name, detail);
    }
}

/// The interface that exports a tool, without its version, which rises with every release.
fn interface(tool: &Tool) -> Option<&str> {
    tool.export.interface.as_deref().map(unversioned)
}

fn unversioned(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

fn signature(tool: &Tool) -> crate::wit::Signature {
    crate::wit::Signature {
        params: tool.params.clone(),
        result: tool.result.clone(),
        result_docs: tool.result_docs.clone(),
    }
}

/// Interfaces without their versions: another patch of one reaches no further.
fn imports(changes: &mut Changes, old: &Package, new: &Package) {
    let of = |package: &Package| -> BTreeSet<String> {
        let all = package
            .imports
            .declared
            .iter()
            .chain(&package.imports.skills);
        all.map(|import| unversioned(import).to_owned()).collect()
    };
    let (before, now) = (of(old), of(new));
    for come in now.difference(&before) {
        changes.more(Area::Imports, format!("+ {come}"), "");
    }
    for gone in before.difference(&now) {
        changes.less(Area::Imports, format!("- {gone}"), "");
    }
}

#[cfg(test)]
mod tests;
