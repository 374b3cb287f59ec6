//! `wasi:keyvalue/store`: state that a skill keeps. A grant can't give any yet, so no store opens,
//! and nothing can be done to a store that is not open.

use super::Import;
use crate::state::State;
use vouchsafe_clearance::EffectKind;
use wasmtime::component::{ComponentType, Linker, Lower, Resource, ResourceType};
use wasmtime::{StoreContextMut, bail};

pub(crate) const IMPORTS: &[Import] = &[("wasi:keyvalue/store", add_to_linker)];

/// An open store. There is none.
enum Bucket {}

#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
#[expect(
    dead_code,
    reason = "the shape is WASI's; `not granted` and `no such thing` are one answer"
)]
enum Error {
    #[component(name = "no-such-store")]
    NoSuchStore,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "other")]
    Other(String),
}

#[derive(Debug, ComponentType, Lower)]
#[component(record)]
struct Keys {
    keys: Vec<String>,
    cursor: Option<u64>,
}

type Answer<T> = wasmtime::Result<(Result<T, Error>,)>;
type Open = Resource<Bucket>;
type Context<'a> = StoreContextMut<'a, State>;

fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut store = linker.instance("wasi:keyvalue/store@0.2.0-draft")?;
    store.resource("bucket", ResourceType::host::<Bucket>(), |_, _| Ok(()))?;
    store.func_wrap("open", open)?;
    store.func_wrap(
        "[method]bucket.get",
        |_: Context<'_>, _: (Open, String)| -> Answer<Option<Vec<u8>>> { unopened() },
    )?;
    store.func_wrap(
        "[method]bucket.set",
        |_: Context<'_>, _: (Open, String, Vec<u8>)| -> Answer<()> { unopened() },
    )?;
    store.func_wrap(
        "[method]bucket.delete",
        |_: Context<'_>, _: (Open, String)| -> Answer<()> { unopened() },
    )?;
    store.func_wrap(
        "[method]bucket.exists",
        |_: Context<'_>, _: (Open, String)| -> Answer<bool> { unopened() },
    )?;
    store.func_wrap(
        "[method]bucket.list-keys",
        |_: Context<'_>, _: (Open, Option<u64>)| -> Answer<Keys> { unopened() },
    )
}

fn open(store: Context<'_>, (name,): (String,)) -> Answer<Open> {
    let why = "no store is granted: this host keeps no state for skills yet";
    let door = &store.data().door;
    door.refuse(&EffectKind::StateRead, &name, why, "");
    Ok((Err(Error::NoSuchStore),))
}

/// A guest has no handle to call these with.
fn unopened<T>() -> Answer<T> {
    bail!("no store is open")
}
