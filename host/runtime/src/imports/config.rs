//! `wasi:config/store`: where each granted destination is, under its name. A grant can't give other
//! settings yet.

use super::Import;
use crate::state::State;
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
