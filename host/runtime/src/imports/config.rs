//! `wasi:config/store`: the declared settings, where each granted destination is, under its name, and what stands for a
//! credential in a library that insists on holding one.

use super::Import;
use crate::state::State;
use vouchsafe_clearance::EffectGate;
use vouchsafe_egress::Requests;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Linker, Lower};

pub(crate) const IMPORTS: &[Import] = &[("wasi:config/store", add_to_linker)];

#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
#[expect(
    dead_code,
    reason = "the shape is WASI's; reading what is in memory does not fail"
)]
enum Error {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

type Setting = Result<Option<String>, Error>;
type Settings = Result<Vec<(String, String)>, Error>;

/// What a call finds, by name: no two kinds share a name, as a manifest is checked for.
pub(crate) fn visible(effects: &EffectGate, requests: Option<&Requests>) -> Vec<(String, String)> {
    let known = settings(effects).chain(places(effects));
    known
        .chain(requests.into_iter().flat_map(placeholders))
        .collect()
}

fn settings(effects: &EffectGate) -> impl Iterator<Item = (String, String)> {
    let settings = effects.permit().settings().iter();
    settings.map(|(name, value)| (name.clone(), value.clone()))
}

/// Where each destination is that the tool may reach.
fn places(effects: &EffectGate) -> impl Iterator<Item = (String, String)> {
    let permit = effects.permit();
    let reached = permit.http().of_tool(&permit.tool().name);
    reached.map(|(name, http)| (name.to_owned(), http.url.to_string()))
}

fn placeholders(requests: &Requests) -> impl Iterator<Item = (String, String)> {
    let all = requests.placeholders();
    all.map(|(secret, placeholder)| (secret.to_owned(), placeholder.to_owned()))
}

type Context<'a> = StoreContextMut<'a, State>;

fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut store = linker.instance("wasi:config/store@0.2.0-rc.1")?;
    store.func_wrap(
        "get",
        |store: Context<'_>, (key,): (String,)| -> wasmtime::Result<(Setting,)> {
            let mut settings = store.data().settings.iter();
            let found = settings.find(|(name, _)| *name == key);
            Ok((Ok(found.map(|(_, value)| value.clone())),))
        },
    )?;
    store.func_wrap(
        "get-all",
        |store: Context<'_>, (): ()| -> wasmtime::Result<(Settings,)> {
            Ok((Ok(store.data().settings.clone()),))
        },
    )
}
