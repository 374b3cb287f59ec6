//! A skill that is ready to run: compiled, linked, and its functions found.

use crate::engine::refused;
use crate::error::LoadError;
use crate::imports;
use crate::pace::Pace;
use crate::state::State;
use crate::types;
use std::sync::Arc;
use vouchsafe_package::wit::Imported;
use vouchsafe_package::{Digest, Export, Tool};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

/// A loaded skill. Calls share it; each makes its own instance from it.
pub struct Skill {
    digest: Digest,
    pub(crate) instance: InstancePre<State>,
    functions: Vec<Function>,
}

/// A tool and where its function is.
pub(crate) struct Function {
    pub(crate) tool: Arc<Tool>,
    pub(crate) index: ComponentExportIndex,
    pub(crate) pace: Pace,
}

impl Skill {
    /// Links `component` and finds the function of each tool, refusing any difference between what
    /// the package says of it and what the engine sees.
    pub(crate) fn new(
        engine: &wasmtime::Engine,
        digest: Digest,
        component: &Component,
        tools: &[Arc<Tool>],
        skills: &[Imported],
    ) -> Result<Self, LoadError> {
        let linker = imports::linker(engine, component, skills)?;
        let instance = linker.instantiate_pre(component).map_err(refused)?;
        let functions = tools
            .iter()
            .map(|tool| Function::find(engine, component, tool))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            digest,
            instance,
            functions,
        })
    }

    pub(crate) fn function(&self, tool: &str) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.tool.name == tool)
    }

    /// The bytes that it was made from.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The tool called `name`.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.function(name).map(|function| &*function.tool)
    }
}

impl Function {
    fn find(
        engine: &wasmtime::Engine,
        component: &Component,
        tool: &Arc<Tool>,
    ) -> Result<Self, LoadError> {
        let Export {
            interface,
            function,
        } = &tool.export;
        let missing = || LoadError::NoFunction(full_name(&tool.export));
        let within = match interface {
            None => None,
            Some(interface) => Some(
                component
                    .get_export_index(None, interface)
                    .ok_or_else(missing)?,
            ),
        };
        let index = component
            .get_export_index(within.as_ref(), function)
            .ok_or_else(missing)?;
        let seen = function_type(engine, component, &tool.export).ok_or_else(missing)?;
        types::check(&tool.params, tool.result.as_ref(), &seen).map_err(|why| {
            LoadError::OtherTypes {
                function: full_name(&tool.export),
                why,
            }
        })?;
        Ok(Self {
            tool: Arc::clone(tool),
            index,
            pace: Pace::default(),
        })
    }
}

fn function_type(
    engine: &wasmtime::Engine,
    component: &Component,
    export: &Export,
) -> Option<ComponentFunc> {
    let ty = component.component_type();
    let item = match &export.interface {
        None => ty.get_export(engine, &export.function)?.ty,
        Some(interface) => match ty.get_export(engine, interface)?.ty {
            ComponentItem::ComponentInstance(instance) => {
                instance.get_export(engine, &export.function)?.ty
            }
            _ => return None,
        },
    };
    match item {
        ComponentItem::ComponentFunc(function) => Some(function),
        _ => None,
    }
}

fn full_name(export: &Export) -> String {
    match &export.interface {
        Some(interface) => format!("{interface}#{}", export.function),
        None => export.function.clone(),
    }
}
