//! What a component can import, one file for each family. Only what it does import is linked.

pub(crate) mod config;
pub(crate) mod filesystem;
pub(crate) mod http;
mod keyvalue;
pub(crate) mod log;
mod model;
pub(crate) mod skill;
mod sql;
#[cfg(test)]
mod tests;
mod types;
mod upstream;
pub(crate) mod wasi;

use crate::error::LoadError;
use crate::state::State;
use vouchsafe_package::wit::Imported;
use wasmtime::component::{Component, Linker};

/// One importable interface, by its name without a version.
pub(crate) type Import = (&'static str, fn(&mut Linker<State>) -> wasmtime::Result<()>);

/// A linker with exactly the interfaces that `component` imports.
pub(crate) fn linker(
    engine: &wasmtime::Engine,
    component: &Component,
    skills: &[Imported],
) -> Result<Linker<State>, LoadError> {
    let mut linker = Linker::new(engine);
    let ty = component.component_type();
    let mut linked: Vec<&str> = Vec::new();
    for (name, _) in ty.imports(engine) {
        if let Some(imported) = skills.iter().find(|imported| imported.interface == name) {
            skill::add_to_linker(&mut linker, engine, &ty, imported)?;
            continue;
        }
        let interface = name.split('@').next().unwrap_or(name);
        if linked.contains(&interface) {
            continue;
        }
        let (interface, add) = find(interface).ok_or_else(|| LoadError::Import(name.to_owned()))?;
        add(&mut linker).map_err(|error| LoadError::Engine(format!("{error:#}")))?;
        linked.push(interface);
    }
    Ok(linker)
}

fn find(interface: &str) -> Option<Import> {
    let granted = [
        http::IMPORTS,
        config::IMPORTS,
        keyvalue::IMPORTS,
        log::IMPORTS,
        model::IMPORTS,
        sql::IMPORTS,
        types::IMPORTS,
        upstream::IMPORTS,
    ];
    let all = wasi::INERT.iter().chain(granted.into_iter().flatten());
    #[cfg(test)]
    let all = all.chain(tests::IMPORTS);
    all.copied().find(|(name, _)| *name == interface)
}
