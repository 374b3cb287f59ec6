//! What the host holds for one call while its instance lives.

use crate::door::Door;
use crate::files::Fs;
use crate::imports::config;
use crate::imports::http::Http;
use crate::imports::wasi;
use crate::limits::Memory;
use crate::lines::Book;
use crate::meter::Meter;
use crate::nested::Inside;
use std::sync::Arc;
use vouchsafe_clearance::EffectGate;
use vouchsafe_egress::Requests;
use vouchsafe_model::{Ledger, Models};
use vouchsafe_sql::Databases;
use vouchsafe_state::Session;
use vouchsafe_upstream::Upstreams;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Things of the host that a guest may hold handles to at once: streams, pollables, requests,
/// fields. Each may carry a buffer of [`HELD_BYTES`], or four names that crossed in calls of
/// [`CROSSING_BYTES`], so this times that bounds what a guest makes the host keep.
///
/// [`CROSSING_BYTES`]: crate::meter::CROSSING_BYTES
const HANDLES: usize = 512;

/// The most that one such thing may buffer.
pub(crate) const HELD_BYTES: usize = 32 << 10;

/// The store's data.
pub(crate) struct State {
    pub(crate) memory: Memory,
    pub(crate) meter: Meter,
    pub(crate) book: Book,
    pub(crate) door: Door,
    /// What it may ask of language models; without a way out, nothing.
    pub(crate) models: Option<Models>,
    /// What it may ask of databases; without a way out, nothing.
    pub(crate) databases: Option<Databases>,
    /// What it may call of external servers; without a way out, nothing.
    pub(crate) upstreams: Option<Upstreams>,
    /// Whom it calls, if anybody.
    pub(crate) inside: Option<Inside>,
    /// What it keeps, if anything can be kept.
    pub(crate) session: Option<Session>,
    /// What `wasi:config` gives, by name.
    pub(crate) settings: Vec<(String, String)>,
    wasi: WasiCtx,
    files: Fs,
    http: WasiHttpCtx,
    hooks: Http,
    table: ResourceTable,
}

impl State {
    /// With `effects`, it may do what they let; `requests` are what it may send.
    pub(crate) fn new(
        memory_bytes: u64,
        effects: Option<EffectGate>,
        requests: Option<Requests>,
        ledger: Option<Arc<Ledger>>,
    ) -> Self {
        let book = Book::default();
        let settings = effects
            .as_ref()
            .map(|effects| config::visible(effects, requests.as_ref()))
            .unwrap_or_default();
        let models = requests.clone().zip(effects.clone()).zip(ledger);
        let models = models.map(|((requests, gate), ledger)| Models::new(requests, gate, ledger));
        let files = Fs {
            gate: effects.clone(),
            ..Fs::default()
        };
        let door = Door::new(effects);
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HELD_BYTES);
        Self {
            memory: Memory::new(memory_bytes),
            meter: Meter::new(),
            wasi: wasi::context(&book),
            files,
            http,
            hooks: Http {
                door: door.clone(),
                requests,
            },
            table,
            book,
            door,
            models,
            databases: None,
            upstreams: None,
            inside: None,
            session: None,
            settings,
        }
    }
}

impl State {
    /// The folders that it finds, and its handles.
    pub(crate) fn files(&mut self) -> (&mut Fs, &mut ResourceTable) {
        (&mut self.files, &mut self.table)
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
