//! The engine: one for the process, with every knob of wasmtime that matters set here by name.

use crate::cache::Cache;
use crate::compile;
use crate::error::{CallError, LoadError};
use crate::files::Disk;
use crate::guests::{Guests, Slot};
use crate::limits::{INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES};
use crate::run::Job;
use crate::settings::Settings;
use crate::skill::Skill;
use std::sync::Arc;
use tokio::sync::Semaphore;
use vouchsafe_ambient::files::FileError;
use vouchsafe_egress::Egress;
use vouchsafe_keys::MacKey;
use vouchsafe_model::Ledger;
use vouchsafe_package::signing::{SignedBytes, Verified};
use vouchsafe_state::States;
use vouchsafe_upstream::Shelf;
use wasmtime::component::Component;
use wasmtime::{
    Config, InstanceAllocationStrategy, OperatorCost, OptLevel, PoolingAllocationConfig, Strategy,
    WasmBacktraceDetails,
};

/// Address space for one linear memory. With 4 GiB, code needs no bounds checks: every 32-bit
/// address falls into it. It is only reserved, not used.
const MEMORY_RESERVATION: u64 = 4 << 30;

/// Unmapped space after each memory, for constant offsets beyond 4 GiB: wasmtime's own default.
const MEMORY_GUARD: u64 = 32 << 20;

/// The largest that any one memory may be, whatever a manifest asks.
pub(crate) const MEMORY_BYTES: usize = 2 << 30;

/// Stack of a guest's own frames: wasmtime's default, which deep recursion in real parsers fits.
const GUEST_STACK: usize = 512 << 10;

/// Stack that a call runs on, guest frames and host functions together.
const CALL_STACK: usize = 2 << 20;

/// Core instances that one slot counts for in the pool. Most components have 4 to 6; a store may
/// have up to [`INSTANCES`], and so many at once would find the pool empty and be refused.
const INSTANCES_PER_SLOT: usize = 16;

/// Linear memories that one slot counts for.
const MEMORIES_PER_SLOT: usize = 4;

/// Tables that one slot counts for.
const TABLES_PER_SLOT: usize = 8;

/// Memory of finished calls that a slot keeps mapped and clears by writing, counted from its lowest
/// address; the rest is given back at once. More costs more: the lowest pages of most components
/// are the far end of a stack that they never reach. Asking the kernel which pages were written
/// (`pagemap_scan`) would be cheaper, but it leaves out those that are just being swapped or moved,
/// and the next call would find them.
const KEPT_BYTES: usize = 16 << 10;

/// Bytes of the engine's own record of an instance; wasmtime's default.
const INSTANCE_BYTES: usize = 1 << 20;

/// Compiling children at once.
const COMPILERS: usize = 2;

/// Fuel of growing a memory, of each page of it, and of growing a table: each is a system call or
/// work of the host, and costs far more than one instruction.
const GROWTH_FUEL: u8 = 250;

/// Compiles, caches and runs skills. Make one for the process.
pub struct Engine {
    pub(crate) wasm: wasmtime::Engine,
    pub(crate) guests: Guests,
    cache: Cache,
    /// Compiling takes all cores it gets, so installing many skills at once must not starve the rest.
    compiling: Semaphore,
    settings: Settings,
    pub(crate) egress: Option<Arc<Egress>>,
    pub(crate) ledger: Option<Arc<Ledger>>,
    pub(crate) shelf: Option<Arc<Shelf>>,
    pub(crate) states: Option<Arc<States>>,
    pub(crate) disk: Option<Arc<Disk>>,
}

impl Engine {
    /// An engine as `settings` say; `cache_key` authenticates its compiled code on disk.
    ///
    /// # Errors
    /// When the platform can't give the address space, threads or the cache directory.
    pub fn new(settings: Settings, cache_key: MacKey) -> Result<Self, LoadError> {
        let wasm = wasmtime::Engine::new(&engine_config(&settings)).map_err(refused)?;
        let cache = Cache::new(settings.cache.clone(), cache_key, &wasm)?;
        let guests =
            Guests::start(&settings).map_err(|error| LoadError::Engine(error.to_string()))?;
        Ok(Self {
            wasm,
            guests,
            cache,
            compiling: Semaphore::new(COMPILERS),
            settings,
            egress: None,
            ledger: None,
            shelf: None,
            states: None,
            disk: None,
        })
    }

    /// With a way out for what skills send; without one every request is refused.
    #[must_use]
    pub fn with_egress(mut self, egress: Arc<Egress>) -> Self {
        self.egress = Some(egress);
        self
    }

    /// With what is known of the models that skills used; without it none can be asked.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Arc<Ledger>) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// With where it is kept what external servers list; without it no tool of theirs is called.
    #[must_use]
    pub fn with_shelf(mut self, shelf: Arc<Shelf>) -> Self {
        self.shelf = Some(shelf);
        self
    }

    /// With what skills keep; without it no store opens.
    #[must_use]
    pub fn with_states(mut self, states: Arc<States>) -> Self {
        self.states = Some(states);
        self
    }

    /// With folders of this host; without them none is opened.
    #[must_use]
    pub fn with_disk(mut self, disk: Disk) -> Self {
        self.disk = Some(Arc::new(disk));
        self
    }

    /// A slot and memory for `job`, if they are free before its deadline and before it is cancelled.
    pub(crate) async fn admit(&self, job: &Job) -> Result<Slot, CallError> {
        tokio::select! {
            // What ends the wait is asked for only where there is one; a run looks at both before it begins.
            biased;
            slot = self.guests.admit(job.bytes(), job.slots()) => slot,
            () = job.cancel.cancelled() => Err(CallError::Cancelled),
            () = tokio::time::sleep_until(job.deadline.into()) => Err(CallError::Deadline(job.limits.wall_ms)),
        }
    }

    /// The component that `verified` is about, compiled now or before, ready to run its tools. `read`
    /// gives its bytes where it is compiled now.
    pub(crate) async fn prepare(
        &self,
        verified: &Verified,
        read: impl FnOnce() -> Result<Vec<u8>, FileError>,
    ) -> Result<Arc<Skill>, LoadError> {
        let package = verified.package();
        let component = match self.cache.load(&self.wasm, package.digest) {
            Some(component) => component,
            None => {
                let bytes = read().map_err(LoadError::Component)?;
                self.compile(&SignedBytes::of(verified, bytes)?).await?
            }
        };
        let skill = Skill::new(
            &self.wasm,
            package.digest,
            &component,
            &package.tools,
            &package.skills,
        )?;
        Ok(Arc::new(skill))
    }

    async fn compile(&self, bytes: &SignedBytes) -> Result<Component, LoadError> {
        let _turn = self.compiling.acquire().await;
        let code = compile::compile(&self.settings, bytes.as_slice()).await?;
        self.cache.store(&self.wasm, bytes.digest(), code)
    }
}

/// All that wasmtime is told of how to run skills, for measuring what our own part costs.
pub fn engine_config(settings: &Settings) -> Config {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    config
}

/// What both the engine and the compiling child must agree on.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .consume_fuel(true)
        .operator_cost(fuel())
        .epoch_interruption(false) // fuel's yields preempt; epochs on top only cost
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(CALL_STACK)
        .memory_reservation(MEMORY_RESERVATION)
        .memory_guard_size(MEMORY_GUARD)
        .memory_may_move(false)
        .memory_init_cow(true)
        .generate_address_map(false) // names and offsets of hostile code help nobody
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(None)
        .native_unwind_info(false);
    features(&mut config);
    config
}

/// Exactly the features that the reader of packages validates with, so that neither accepts what
/// the other does not know. Relaxed SIMD gives the same results on every machine.
fn features(config: &mut Config) {
    let on = vouchsafe_package::reader::features();
    config
        .wasm_features(!on, false)
        .wasm_features(on, true)
        .relaxed_simd_deterministic(true);
}

fn fuel() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.MemoryGrow = GROWTH_FUEL;
    cost.TableGrow = GROWTH_FUEL;
    cost.variable.memory_grow_per_page = GROWTH_FUEL;
    cost
}

fn pool(settings: &Settings) -> PoolingAllocationConfig {
    let slots =
        |each: usize| u32::try_from(settings.slots.saturating_mul(each)).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots(1))
        .total_core_instances(slots(INSTANCES_PER_SLOT))
        .total_memories(slots(MEMORIES_PER_SLOT))
        .total_tables(slots(TABLES_PER_SLOT))
        .total_stacks(slots(1))
        .max_core_instances_per_component(INSTANCES as u32)
        .max_memories_per_component(MEMORIES as u32)
        .max_tables_per_component(TABLES as u32)
        .max_memories_per_module(MEMORIES as u32)
        .max_tables_per_module(TABLES as u32)
        .max_component_instance_size(INSTANCE_BYTES)
        .max_core_instance_size(INSTANCE_BYTES)
        .max_memory_size(MEMORY_BYTES)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEPT_BYTES)
        .table_keep_resident(KEPT_BYTES);
    pool
}

pub(crate) fn refused(error: wasmtime::Error) -> LoadError {
    LoadError::Engine(format!("{error:#}"))
}
