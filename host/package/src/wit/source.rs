//! Functions from the WIT text that the author gives to `pack`: the same types, with words and
//! with the lines they come from.

mod convert;
mod resolve;

use wit_parser::{FunctionKind, Resolve, WorldId, WorldItem};

use super::binary::is_of_host;
use super::{Exported, NotData, Signature};
use crate::package_id::{PackageId, PackageIdError};
use crate::tool::Export;
pub use resolve::File;

/// A WIT package with one world, the skill's.
pub struct Source {
    /// Its identity.
    pub package: PackageId,
    resolve: Resolve,
    world: WorldId,
}

/// What is wrong with WIT text.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It does not parse or resolve; the message has file and line.
    #[error("{0}")]
    Wit(String),
    /// There is no package to take the skill's identity from.
    #[error("no WIT file declares a package; begin one with `package namespace:name@1.0.0;`")]
    NoPackage,
    /// Its package is not `namespace:name@version`.
    #[error("the WIT package is no skill's name: {0}")]
    Identity(#[from] PackageIdError),
    /// There is no world.
    #[error("the WIT package `{0}` has no world; add `world skill {{ export ...; }}`")]
    NoWorld(String),
    /// There are several, and none is the obvious one.
    #[error("the WIT package `{package}` has the worlds {worlds}; call the skill's own `skill`")]
    ManyWorlds {
        /// Which package.
        package: String,
        /// Its worlds.
        worlds: String,
    },
}

/// A function as WIT text has it.
pub struct Declared {
    /// The function, its words laid on its types.
    pub exported: Exported,
    /// What it does, in the author's words.
    pub about: String,
    /// File and line.
    pub place: String,
}

impl Source {
    /// Parses and resolves `files`: the skill's own package and every package it depends on.
    pub fn parse(files: &[File]) -> Result<Self, SourceError> {
        let (resolve, package) = resolve::resolve(files)?;
        let world = resolve::world(&resolve, package)?;
        let package = resolve::identity(&resolve, package)?;
        Ok(Self {
            package,
            resolve,
            world,
        })
    }

    /// The functions that the world exports, those for the host left out.
    #[must_use]
    pub fn exported(&self) -> Vec<Declared> {
        let Some(world) = self.resolve.worlds.get(self.world) else {
            return Vec::new();
        };
        let mut functions = Vec::new();
        for (key, item) in &world.exports {
            let name = self.resolve.name_world_key(key);
            if !is_of_host(&name) {
                self.item(&name, item, &mut functions);
            }
        }
        functions
    }

    /// The functions of the imported interface `name`, if the world imports it.
    #[must_use]
    pub fn imported(&self, name: &str) -> Option<Vec<Declared>> {
        let world = self.resolve.worlds.get(self.world)?;
        let found = world
            .imports
            .iter()
            .find(|(key, _)| self.resolve.name_world_key(key) == name);
        let mut functions = Vec::new();
        self.item(name, found?.1, &mut functions);
        Some(functions)
    }

    /// What the skill is for: the words on its world, or on the first interface that it exports.
    #[must_use]
    pub fn about(&self) -> String {
        let Some(world) = self.resolve.worlds.get(self.world) else {
            return String::new();
        };
        let interfaces = world.exports.values().filter_map(|item| match item {
            WorldItem::Interface { id, .. } => self.resolve.interfaces.get(*id),
            _ => None,
        });
        let own = interfaces.filter_map(|interface| interface.docs.contents.as_deref());
        let about = world.docs.contents.as_deref().or(own.into_iter().next());
        convert::tidy(about.unwrap_or_default())
    }

    fn item(&self, name: &str, item: &WorldItem, into: &mut Vec<Declared>) {
        match item {
            WorldItem::Function(function) => into.push(self.function(None, function)),
            WorldItem::Interface { id, .. } => {
                let interface = self.resolve.interfaces.get(*id);
                let functions = interface
                    .into_iter()
                    .flat_map(|found| found.functions.values());
                into.extend(functions.map(|function| self.function(Some(name), function)));
            }
            WorldItem::Type { .. } => {}
        }
    }

    fn function(&self, interface: Option<&str>, function: &wit_parser::Function) -> Declared {
        let export = Export {
            interface: interface.map(str::to_owned),
            function: function.name.clone(),
        };
        let about = convert::tidy(function.docs.contents.as_deref().unwrap_or_default());
        let place = convert::place(&self.resolve, function.span);
        let signature = self.signature(&export, function);
        Declared {
            exported: Exported { export, signature },
            about,
            place,
        }
    }

    fn signature(
        &self,
        export: &Export,
        function: &wit_parser::Function,
    ) -> Result<Signature, NotData> {
        let mut converter = convert::Converter::new(&self.resolve, export, function.span);
        match function.kind {
            FunctionKind::Freestanding => converter.signature(function),
            FunctionKind::AsyncFreestanding => Err(converter.refuse("an async function")),
            _ => Err(converter.refuse("a resource's function")),
        }
    }
}
