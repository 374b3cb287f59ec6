//! `vouchsafe:skill/types`: words that the other interfaces share.

use super::Import;
use wasmtime::component::{ComponentType, Lower};

pub(crate) const IMPORTS: &[Import] = &[("vouchsafe:skill/types", |linker| {
    // It has types and no functions.
    linker.instance("vouchsafe:skill/types@0.1.0").map(drop)
})];

/// Why the host would not do something. No part of it was done.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(
    dead_code,
    reason = "the shape is the interface's; nobody is asked for approval here yet"
)]
pub(crate) enum Refusal {
    #[component(name = "denied")]
    Denied,
    #[component(name = "declined")]
    Declined,
    #[component(name = "exhausted")]
    Exhausted,
}
