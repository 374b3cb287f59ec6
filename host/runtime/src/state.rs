//! What the host holds for one call while its instance lives.

use crate::imports::http::Http;
use crate::imports::wasi;
use crate::limits::Memory;
use crate::lines::Book;
use std::sync::{Arc, Mutex, PoisonError};
use vouchsafe_clearance::EffectGate;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Things of the host that a guest may hold handles to at once: streams, pollables, requests,
/// fields. Each may carry a buffer, so this times [`HELD_BYTES`] bounds what a guest makes the host keep.
const HANDLES: usize = 512;

/// The most that one such thing may buffer.
pub(crate) const HELD_BYTES: usize = 32 << 10;

/// The store's data.
pub(crate) struct State {
    pub(crate) memory: Memory,
    pub(crate) book: Book,
    pub(crate) refusals: Refusals,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Http,
    table: ResourceTable,
}

impl State {
    pub(crate) fn new(memory_bytes: u64, effects: Option<EffectGate>) -> Self {
        let book = Book::default();
        let refusals = Refusals::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HELD_BYTES);
        Self {
            memory: Memory::new(memory_bytes),
            wasi: wasi::context(&book),
            http,
            hooks: Http::new(effects, refusals.clone()),
            table,
            book,
            refusals,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// Something that a skill tried and the host did not do. The skill is told little; this is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What was tried, such as `POST https://bank.example:8443`. No path, query or header: these may hold secrets.
    pub what: String,
    /// Why not, and what would allow it.
    pub why: String,
}

/// The refusals of one call; identical ones are kept once, and no more than [`Refusals::KEPT`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<Vec<Refused>>>);

impl Refusals {
    const KEPT: usize = 32;

    pub(crate) fn add(&self, what: String, why: impl Into<String>) {
        let refused = Refused {
            what,
            why: why.into(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < Self::KEPT && !all.contains(&refused) {
            all.push(refused);
        }
    }

    pub(crate) fn take(&self) -> Vec<Refused> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *all)
    }
}
