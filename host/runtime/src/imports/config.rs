//! `wasi:config/store`: the settings of a skill. A grant can't give any yet, so there are none.

use super::Import;
use crate::state::State;
use wasmtime::component::{ComponentType, Linker, Lower};

pub(crate) const IMPORTS: &[Import] = &[("wasi:config/store", add_to_linker)];

#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
#[expect(
    dead_code,
    reason = "the shape is WASI's; reading nothing does not fail"
)]
enum Error {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

type Setting = Result<Option<String>, Error>;
type Settings = Result<Vec<(String, String)>, Error>;

fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut store = linker.instance("wasi:config/store@0.2.0-rc.1")?;
    store.func_wrap(
        "get",
        |_, (_key,): (String,)| -> wasmtime::Result<(Setting,)> { Ok((Ok(None),)) },
    )?;
    store.func_wrap("get-all", |_, (): ()| -> wasmtime::Result<(Settings,)> {
        Ok((Ok(Vec::new()),))
    })
}
