//! What a skill's WIT means: its folder, resolved against WASI's packages and ours.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wit_bindgen_core::wit_parser::{
    PackageId, Resolve, SourceMap, UnresolvedPackageGroup, WorldId,
};

/// What the world of a skill is called where a package has several, for `pack` as for us.
const USUAL: &str = "skill";

/// A world with all that it refers to, and the files that say so.
pub(crate) struct World {
    pub(crate) resolve: Resolve,
    pub(crate) id: WorldId,
    pub(crate) files: Vec<PathBuf>,
}

/// The world in `folder`: the one called `name`, or else `skill`, or else the only one.
pub(crate) fn read(folder: &Path, name: Option<&str>) -> Result<World> {
    let main = package(folder)?;
    let mut packages = dependencies(&folder.join("deps"))?;
    let own = std::iter::once(&main).chain(&packages);
    let files = own
        .flat_map(|package| package.source_map.source_files().map(Path::to_owned))
        .collect();
    packages.extend(carried(&packages)?);
    let mut resolve = Resolve::default();
    let package = resolve
        .push_groups(main, packages)
        .map_err(|error| anyhow!(error.render(&resolve.source_map)))?;
    let id = world(&resolve, package, name)?;
    Ok(World { resolve, id, files })
}

/// A world that imports `interfaces` and nothing else. It is called after the first: linkers join
/// what two worlds of one name say.
pub(crate) fn importing(interfaces: &[String]) -> Result<World> {
    let first = interfaces.first().context("no interface is named")?;
    let name = first
        .split(['/', '@'])
        .nth(1)
        .context("an interface has a package")?;
    let imports: String = interfaces
        .iter()
        .map(|interface| format!("import {interface}; "))
        .collect();
    let text = format!("package vouchsafe:sdk; world import-{name} {{ {imports}}}");
    let mut resolve = Resolve::default();
    let package = resolve.push_groups(parse(text_of("import.wit", &text))?, carried(&[])?)?;
    let id = world(&resolve, package, None)?;
    Ok(World {
        resolve,
        id,
        files: Vec::new(),
    })
}

fn world(resolve: &Resolve, package: PackageId, name: Option<&str>) -> Result<WorldId> {
    let usual = || resolve.packages.get(package)?.worlds.get(USUAL).copied();
    match name {
        None if let Some(world) = usual() => Ok(world),
        name => resolve.select_world(&[package], name),
    }
}

/// The packages under `wit/deps`, where there is one: a file or a folder each.
fn dependencies(folder: &Path) -> Result<Vec<UnresolvedPackageGroup>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = entries(folder)?;
    paths.retain(|path| path.is_dir() || is_wit(path));
    paths.sort();
    paths.into_iter().map(|path| package(&path)).collect()
}

/// The packages that we carry and `own` does not have. What a skill ships goes first, since tools
/// such as wkg lay WASI's WIT too.
fn carried(own: &[UnresolvedPackageGroup]) -> Result<Vec<UnresolvedPackageGroup>> {
    let mut missing = Vec::new();
    for package in vouchsafe_wit::PACKAGES {
        let package = parse(text_of(&package.file_name(), package.text))?;
        if own.iter().all(|own| own.main.name != package.main.name) {
            missing.push(package);
        }
    }
    Ok(missing)
}

/// The package in a folder or a file.
fn package(path: &Path) -> Result<UnresolvedPackageGroup> {
    let mut sources = SourceMap::new();
    if path.is_dir() {
        sources.push_dir(path)?;
    } else {
        sources.push_file(path)?;
    }
    parse(sources)
}

fn parse(sources: SourceMap) -> Result<UnresolvedPackageGroup> {
    sources
        .parse()
        .map_err(|(sources, error)| anyhow!(error.render(&sources)))
}

fn text_of(name: &str, text: &str) -> SourceMap {
    let mut sources = SourceMap::new();
    sources.push_str(name, text);
    sources
}

#[expect(
    clippy::disallowed_methods,
    reason = "a macro reads the WIT of the crate that it expands in"
)]
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

fn is_wit(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wit")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "lays WIT files to be read")]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder that is gone with the test. Of our own making: any crate that a macro's tests depend on
    /// is built for the compiler's side too, and changes the features that the engine's macros are
    /// built with there, so that a workspace with tests would build the engine a second time.
    struct Laid(PathBuf);

    impl Laid {
        fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Laid {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn laid(files: &[(&str, &str)]) -> Laid {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vouchsafe-world-{}-{next}", std::process::id());
        let folder = Laid(std::env::temp_dir().join(name));
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn what_a_skill_may_import_needs_no_file_of_its_own() {
        let world = "package acme:payments@1.2.0;
            interface payments { pay: func(amount: u64) -> result<string, string>; }
            world skill {
              import wasi:http/outgoing-handler@0.2.12;
              import wasi:config/store@0.2.0-rc.1;
              import wasi:keyvalue/store@0.2.0-draft;
              import wasi:clocks/wall-clock@0.2.12;
              import vouchsafe:skill/log@0.1.0;
              import vouchsafe:skill/sql@0.1.0;
              export payments;
            }";
        let folder = laid(&[("world.wit", world)]);
        let read = read(folder.path(), None).unwrap();
        assert_eq!(read.files.len(), 1);
        assert!(crate::bindings::not_comparable(&read).contains(&"outgoing-request".to_owned()));
    }

    #[test]
    fn a_package_that_the_skill_ships_goes_before_ours() {
        let world = "package acme:a@1.0.0; world skill { import wasi:io/mine@0.2.12; }";
        let io = vouchsafe_wit::PACKAGES[0].text;
        let own = format!("{io}\ninterface mine {{ f: func(); }}");
        let folder = laid(&[("world.wit", world), ("deps/io.wit", &own)]);
        assert_eq!(read(folder.path(), None).unwrap().files.len(), 2);
    }

    #[test]
    fn another_skill_stands_beside_what_we_carry() {
        let world = "package acme:a@1.0.0; world skill { import acme:erp/records@2.0.0; import wasi:cli/stdout@0.2.12; }";
        let erp = "package acme:erp@2.0.0; interface records { find: func(id: string) -> option<string>; }";
        let folder = laid(&[("world.wit", world), ("deps/erp.wit", erp)]);
        assert!(read(folder.path(), None).is_ok());
    }

    #[test]
    fn a_mistake_is_shown_where_it_stands() {
        let folder = laid(&[(
            "world.wit",
            "package acme:a@1.0.0;\n\nworld skill {\n  import wasi:http/nothing@0.2.12;\n}\n",
        )]);
        let message = read(folder.path(), None).err().unwrap().to_string();
        assert!(message.contains("world.wit:4:"), "{message}");
    }

    #[test]
    fn one_of_several_worlds_is_named() {
        let folder = laid(&[(
            "world.wit",
            "package acme:a@1.0.0; world one {} world two {}",
        )]);
        assert!(read(folder.path(), None).is_err());
        assert!(read(folder.path(), Some("two")).is_ok());
        assert!(read(folder.path(), Some("three")).is_err());
        let usual = laid(&[(
            "world.wit",
            "package acme:a@1.0.0; world other {} world skill {}",
        )]);
        assert!(read(usual.path(), None).is_ok());
    }
}
