//! `wasi:keyvalue/store`: what a skill keeps from call to call.
//!
//! Nothing is decided here: what is granted, read and written is for `vouchsafe_state` to say.

use super::Import;
use crate::door::Door;
use crate::state::State;
use vouchsafe_clearance::EffectKind;
use vouchsafe_package::name::is_kebab;
use vouchsafe_policy::amend;
use vouchsafe_state::{NotKept, Session};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Linker, Lower, Resource, ResourceType};
use wasmtime_wasi::WasiView as _;

pub(crate) const IMPORTS: &[Import] = &[("wasi:keyvalue/store", add_to_linker)];

/// An open store, by its name.
struct Bucket(String);

#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "no-such-store")]
    NoSuchStore,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "other")]
    Other(String),
}

impl From<NotKept> for Error {
    fn from(why: NotKept) -> Self {
        match why {
            NotKept::NoSuchStore => Self::NoSuchStore,
            NotKept::Denied => Self::AccessDenied,
            NotKept::Other(why) => Self::Other(why.to_owned()),
        }
    }
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
    let bucket = ResourceType::host::<Bucket>();
    store.resource("bucket", bucket, |mut context: Context<'_>, rep| {
        let table = context.data_mut().ctx().table;
        table.delete(Resource::<Bucket>::new_own(rep))?;
        Ok(())
    })?;
    store.func_wrap_async("open", |context: Context<'_>, (name,): (String,)| {
        Box::new(open(context, name))
    })?;
    store.func_wrap(
        "[method]bucket.get",
        |context: Context<'_>, (bucket, key): (Open, String)| -> Answer<Option<Vec<u8>>> {
            on(context, &bucket, |session, store| {
                let found = session.get(store, &key)?;
                Ok(found.map(|value| value.to_vec()))
            })
        },
    )?;
    store.func_wrap(
        "[method]bucket.set",
        |context: Context<'_>, (bucket, key, value): (Open, String, Vec<u8>)| -> Answer<()> {
            on(context, &bucket, |session, store| {
                session.set(store, &key, value)
            })
        },
    )?;
    store.func_wrap(
        "[method]bucket.delete",
        |context: Context<'_>, (bucket, key): (Open, String)| -> Answer<()> {
            on(context, &bucket, |session, store| {
                session.delete(store, &key)
            })
        },
    )?;
    store.func_wrap(
        "[method]bucket.exists",
        |context: Context<'_>, (bucket, key): (Open, String)| -> Answer<bool> {
            on(context, &bucket, |session, store| {
                Ok(session.get(store, &key)?.is_some())
            })
        },
    )?;
    store.func_wrap(
        "[method]bucket.list-keys",
        |context: Context<'_>, (bucket, cursor): (Open, Option<u64>)| -> Answer<Keys> {
            on(context, &bucket, |session, store| {
                let (keys, cursor) = session.keys(store, cursor.unwrap_or(0))?;
                Ok(Keys { keys, cursor })
            })
        },
    )
}

async fn open(mut context: Context<'_>, name: String) -> Answer<Open> {
    let Some(session) = context.data().session.clone() else {
        let door = &context.data().door;
        door.refuse(
            &EffectKind::StateRead,
            &name,
            "this host keeps no state",
            "",
        );
        return Ok((Err(Error::NoSuchStore),));
    };
    match session.open(&name).await {
        Ok(()) => {
            let bucket = context.data_mut().ctx().table.push(Bucket(name))?;
            Ok((Ok(bucket),))
        }
        Err(why) => {
            if why == NotKept::NoSuchStore {
                not_granted(&context.data().door, &name);
            }
            Ok((Err(why.into()),))
        }
    }
}

/// Tells the operator of a store that is not granted, and the line that would grant it.
fn not_granted(door: &Door, name: &str) {
    let file = door.grant_file().filter(|_| is_kebab(name));
    let fix = file.map_or_else(String::new, |file| {
        amend(file, format_args!("add `[state.{name}]`"))
    });
    let why = "no such store is granted";
    door.refuse(&EffectKind::StateRead, name, why, &fix);
}

/// What `what` says of the open store.
fn on<T>(
    mut context: Context<'_>,
    bucket: &Open,
    what: impl FnOnce(&Session, &str) -> Result<T, NotKept>,
) -> Answer<T> {
    let state = context.data_mut();
    let session = state.session.clone();
    let name = &state.ctx().table.get(bucket)?.0;
    let answer = match session {
        Some(session) => what(&session, name).map_err(Error::from),
        None => Err(Error::NoSuchStore),
    };
    Ok((answer,))
}
