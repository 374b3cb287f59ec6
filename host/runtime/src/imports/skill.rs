//! Interfaces of other skills. What is called, and whether it may be, is decided by [`Callees`]; here values
//! cross, and what the call took is charged to who asked.
//!
//! [`Callees`]: crate::nested::Callees

use crate::error::LoadError;
use crate::nested::{Asked, Heard, NotHeard};
use crate::state::State;
use crate::types;
use crate::val::{from_val, to_val};
use std::sync::Arc;
use vouchsafe_package::Type;
use vouchsafe_package::value::Value;
use vouchsafe_package::wit::{Imported, Provided};
use wasmtime::component::types::{Component, ComponentFunc, ComponentItem};
use wasmtime::component::{Linker, Val};
use wasmtime::{Engine, StoreContextMut, Trap, bail};

/// Fuel of each call of another skill, whatever comes of it: what it takes to judge it, to record it and to
/// make an instance, roughly. It is what bounds how many records one call can cause.
const CALL_FUEL: u64 = 100_000;

/// Links the functions of `imported`, refusing any difference between what the package says of them and what
/// the engine sees.
pub(crate) fn add_to_linker(
    linker: &mut Linker<State>,
    engine: &Engine,
    component: &Component,
    imported: &Imported,
) -> Result<(), LoadError> {
    let refused = |error: wasmtime::Error| LoadError::Engine(format!("{error:#}"));
    let mut instance = linker.instance(&imported.interface).map_err(refused)?;
    for provided in &imported.functions {
        let function = Arc::new(Function::of(engine, component, imported, provided)?);
        let link = instance.func_new_async(
            &provided.export.function,
            move |store, _, arguments, results| {
                let function = Arc::clone(&function);
                Box::new(async move { function.call(store, arguments, results).await })
            },
        );
        link.map_err(refused)?;
    }
    Ok(())
}

/// A function that another skill is to answer.
struct Function {
    interface: String,
    provided: Provided,
}

impl Function {
    fn of(
        engine: &Engine,
        component: &Component,
        imported: &Imported,
        provided: &Provided,
    ) -> Result<Self, LoadError> {
        let (interface, function) = (&imported.interface, &provided.export.function);
        let full = || format!("{interface}#{function}");
        let seen = function_type(engine, component, interface, function);
        let seen = seen.ok_or_else(|| LoadError::NoFunction(full()))?;
        let signature = &provided.signature;
        types::check(&signature.params, signature.result.as_ref(), &seen).map_err(|why| {
            LoadError::OtherTypes {
                function: full(),
                why,
            }
        })?;
        let interface = interface.split('@').next().unwrap_or(interface);
        Ok(Self {
            interface: interface.to_owned(),
            provided: provided.clone(),
        })
    }

    async fn call(
        &self,
        mut store: StoreContextMut<'_, State>,
        arguments: &[Val],
        results: &mut [Val],
    ) -> wasmtime::Result<()> {
        let arguments = self.arguments(arguments)?;
        let heard = match self.ask(&mut store, arguments)? {
            Some((callees, asked)) => callees.call(asked).await,
            None => Heard::nothing("NOT_ALLOWED"),
        };
        charge(&mut store, heard.fuel)?;
        store.data_mut().memory.held_below(heard.peak_memory_bytes);
        let answer = match heard.result {
            Ok(answer) => answer.map(to_val),
            Err(NotHeard { code }) => Some(self.failed(code)?),
        };
        match (results.first_mut(), answer) {
            (Some(result), Some(answer)) => *result = answer,
            (None, None) => {}
            _ => bail!("`{}` answered something else", self.interface),
        }
        Ok(())
    }

    /// What is asked, of whom, once the asking is paid for.
    fn ask(
        &self,
        store: &mut StoreContextMut<'_, State>,
        arguments: Vec<Value>,
    ) -> wasmtime::Result<Option<(Arc<dyn crate::nested::Callees>, Asked)>> {
        charge(store, CALL_FUEL)?;
        let fuel = store.get_fuel()?.saturating_sub(store.data().meter.used());
        let memory = store.data().memory.left();
        let Some(inside) = &store.data().inside else {
            return Ok(None);
        };
        let asked = Asked {
            interface: self.interface.clone(),
            function: self.provided.export.function.clone(),
            arguments,
            gate: inside.gate.clone(),
            left: inside.left(fuel, memory),
            deadline: inside.deadline,
            cancel: inside.cancel.clone(),
        };
        Ok(Some((Arc::clone(&inside.callees), asked)))
    }

    fn arguments(&self, arguments: &[Val]) -> wasmtime::Result<Vec<Value>> {
        let params = &self.provided.signature.params;
        let values = params.iter().zip(arguments);
        let values: Option<Vec<_>> = values
            .map(|(p, val)| from_val(&p.ty, val.clone()))
            .collect();
        let values = values.filter(|values| values.len() == params.len());
        values.ok_or_else(|| wasmtime::format_err!("the arguments are of other types"))
    }

    /// No answer, in the function's own words: its error case where that holds text or nothing. Where it can't
    /// say so, the call that asked ends.
    fn failed(&self, code: String) -> wasmtime::Result<Val> {
        match &self.provided.signature.result {
            Some(Type::Result { err: None, .. }) => Ok(Val::Result(Err(None))),
            Some(Type::Result { err: Some(err), .. }) if **err == Type::String => {
                Ok(Val::Result(Err(Some(Box::new(Val::String(code))))))
            }
            _ => bail!("a skill that it calls gave no answer: {code}"),
        }
    }
}

/// Takes `fuel` from what the call has left. Host calls that it made before count as well.
fn charge(store: &mut StoreContextMut<'_, State>, fuel: u64) -> wasmtime::Result<()> {
    let left = store.get_fuel()?.saturating_sub(fuel);
    store.set_fuel(left)?;
    match left > store.data().meter.used() {
        true => Ok(()),
        false => Err(Trap::OutOfFuel.into()),
    }
}

fn function_type(
    engine: &Engine,
    component: &Component,
    interface: &str,
    function: &str,
) -> Option<ComponentFunc> {
    let ComponentItem::ComponentInstance(instance) = component.get_import(engine, interface)?.ty
    else {
        return None;
    };
    match instance.get_export(engine, function)?.ty {
        ComponentItem::ComponentFunc(function) => Some(function),
        _ => None,
    }
}
