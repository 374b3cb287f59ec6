//! What a skill's WIT means: its folder, resolved against WASI's packages and ours.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use wit_bindgen_core::wit_parser::{Resolve, WorldId};

/// A world with all that it refers to, and the files that say so.
pub(crate) struct World {
    pub(crate) resolve: Resolve,
    pub(crate) id: WorldId,
    pub(crate) files: Vec<PathBuf>,
}

/// The world in `folder`: the one called `name`, or else the only one.
pub(crate) fn read(folder: &Path, name: Option<&str>) -> Result<World> {
    read_with(carried()?, folder, name).or_else(|error| {
        // A skill may ship what we carry in `wit/deps` (tools such as wkg lay it); its own then holds.
        let has_own = folder.join("deps").is_dir();
        has_own
            .then(|| read_with(Resolve::default(), folder, name).ok())
            .flatten()
            .ok_or(error)
    })
}

/// A world that imports `interface` and nothing else.
pub(crate) fn importing(interface: &str) -> Result<World> {
    let mut resolve = carried()?;
    let text = format!("package vouchsafe:sdk; world sdk-import {{ import {interface}; }}");
    let package = resolve.push_source("import.wit", &text)?;
    let id = resolve.select_world(&[package], None)?;
    Ok(World {
        resolve,
        id,
        files: Vec::new(),
    })
}

fn read_with(mut resolve: Resolve, folder: &Path, name: Option<&str>) -> Result<World> {
    let (package, sources) = resolve
        .push_dir(folder)
        .map_err(|error| anyhow!("{}", resolve.render_error(&error)))?;
    let id = resolve.select_world(&[package], name)?;
    let files = sources.paths().map(Path::to_owned).collect();
    Ok(World { resolve, id, files })
}

fn carried() -> Result<Resolve> {
    let mut resolve = Resolve::default();
    for package in vouchsafe_wit::PACKAGES {
        resolve.push_source(&package.file_name(), package.text)?;
    }
    Ok(resolve)
}
