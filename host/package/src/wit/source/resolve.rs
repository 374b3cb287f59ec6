//! WIT files to one resolved package and its world.

use std::collections::BTreeMap;

use wit_parser::{PackageId as Id, Resolve, SourceMap, UnresolvedPackageGroup, WorldId};

use super::SourceError;
use crate::package_id::PackageId;

/// A WIT file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// For messages, and to tell packages apart: relative, with `/`.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Files of one folder are one package; under a folder called `deps`, single files are a package
/// each. The skill's own package is the one outside `deps`.
pub(super) fn resolve(files: &[File]) -> Result<(Resolve, Id), SourceError> {
    let mut main = SourceMap::new();
    let mut deps: BTreeMap<&str, SourceMap> = BTreeMap::new();
    let mut has_main = false;
    for File { path, text } in sorted(files) {
        match dependency(path) {
            Some(package) => deps
                .entry(package)
                .or_default()
                .push_str(path, text.as_str()),
            None => {
                has_main = true;
                main.push_str(path, text.as_str());
            }
        }
    }
    if !has_main {
        return Err(SourceError::NoPackage);
    }
    let main = parse(main)?;
    let deps = deps
        .into_values()
        .map(parse)
        .collect::<Result<Vec<_>, _>>()?;
    let mut resolve = Resolve::default();
    match resolve.push_groups(main, deps) {
        Ok(package) => Ok((resolve, package)),
        Err(error) => Err(SourceError::Wit(error.render(&resolve.source_map))),
    }
}

fn sorted(files: &[File]) -> Vec<&File> {
    let mut files: Vec<&File> = files.iter().collect();
    files.sort();
    files
}

/// The folder or file that a dependency's package is, or `None` for the skill's own files.
fn dependency(path: &str) -> Option<&str> {
    let mut start = 0;
    let mut within_deps = false;
    for segment in path.split(['/', '\\']) {
        let end = start + segment.len();
        if within_deps {
            return path.get(..end);
        }
        within_deps = segment == "deps";
        start = end + 1;
    }
    None
}

fn parse(map: SourceMap) -> Result<UnresolvedPackageGroup, SourceError> {
    map.parse()
        .map_err(|(map, error)| SourceError::Wit(error.render(&map)))
}

pub(super) fn identity(resolve: &Resolve, package: Id) -> Result<PackageId, SourceError> {
    let name = resolve
        .packages
        .get(package)
        .map(|package| package.name.to_string());
    Ok(name.ok_or(SourceError::NoPackage)?.parse()?)
}

/// The only world, or the one called `skill`.
pub(super) fn world(resolve: &Resolve, package: Id) -> Result<WorldId, SourceError> {
    let found = resolve
        .packages
        .get(package)
        .ok_or(SourceError::NoPackage)?;
    let worlds = &found.worlds;
    if let Some(world) = worlds.get("skill") {
        return Ok(*world);
    }
    match worlds.values().collect::<Vec<_>>().as_slice() {
        [world] => Ok(**world),
        [] => Err(SourceError::NoWorld(found.name.to_string())),
        _ => Err(SourceError::ManyWorlds {
            package: found.name.to_string(),
            worlds: worlds
                .keys()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}
