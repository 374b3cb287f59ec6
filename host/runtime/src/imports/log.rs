//! `vouchsafe:skill/log`: lines for the operator, bounded in number and length, and marked as the skill's own words.

use super::Import;
use crate::lines::Source;
use crate::state::State;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker};

pub(crate) const IMPORTS: &[Import] = &[("vouchsafe:skill/log", add_to_linker)];

#[derive(Debug, Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "guests make them")]
enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

impl From<Level> for Source {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("vouchsafe:skill/log@0.1.0")?;
    interface.func_wrap(
        "write",
        |store: StoreContextMut<'_, State>, (level, message): (Level, String)| {
            store.data().book.log(level.into(), &message);
            Ok(())
        },
    )
}
