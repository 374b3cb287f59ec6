//! One run of one function in a fresh instance, within all its limits.

use crate::door::Refused;
use crate::error::CallError;
use crate::files::Disk;
use crate::guests::Slot;
use crate::lines::Lines;
use crate::meter::{self, CROSSING_BYTES};
use crate::nested::{Callees, Inside};
use crate::skill::{Function, Skill};
use crate::state::State;
use crate::val;
use futures::FutureExt as _;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use vouchsafe_clearance::EffectGate;
use vouchsafe_egress::{Egress, Requests};
use vouchsafe_model::Ledger;
use vouchsafe_package::Limits;
use vouchsafe_package::value::Value;
use vouchsafe_policy::Permit;
use vouchsafe_sql::Databases;
use vouchsafe_state::{Session, States};
use vouchsafe_upstream::{Shelf, Upstreams};
use wasmtime::component::Val;
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

/// Fuel between two looks at deadline and cancellation, some 100 µs of most code.
const SLICE_FUEL: u64 = 100_000;

/// Handles that the component's own instances may hold, in all.
const COMPONENT_HANDLES: usize = 4096;

/// What a value may take in the engine's form for each byte of the output limit. A number of a list
/// is one byte or more in JSON and some 40 here.
const VALUE_BYTES: u64 = 16;

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Instructions, roughly.
    pub fuel: u64,
    /// Linear memory and tables of all instances together, at their largest.
    pub peak_memory_bytes: u64,
    /// From the start of the call to its end, waiting for a slot included.
    pub wall: Duration,
}

/// What is to be run.
pub(crate) struct Job {
    pub(crate) skill: Arc<Skill>,
    pub(crate) tool: String,
    pub(crate) arguments: Vec<Value>,
    /// What it may do to the world; without a gate, nothing.
    pub(crate) effects: Option<EffectGate>,
    /// The way out, if there is one.
    pub(crate) egress: Option<Arc<Egress>>,
    /// What models were used, if it is known.
    pub(crate) ledger: Option<Arc<Ledger>>,
    /// Where it is kept what external servers list, if anywhere.
    pub(crate) shelf: Option<Arc<Shelf>>,
    /// What skills keep, if there is a place for it.
    pub(crate) states: Option<Arc<States>>,
    /// Where the folders are that it finds, if any are opened.
    pub(crate) disk: Option<Arc<Disk>>,
    /// Who makes the calls that it makes of other skills, if it may make any.
    pub(crate) callees: Option<Arc<dyn Callees>>,
    pub(crate) limits: Limits,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
    pub(crate) cancel: CancellationToken,
}

/// How it went.
pub(crate) struct Ran {
    pub(crate) result: Result<Option<Value>, CallError>,
    pub(crate) usage: Usage,
    pub(crate) lines: Lines,
    pub(crate) refusals: Vec<Refused>,
    /// What it wrote, to be kept if it succeeded.
    pub(crate) session: Option<Session>,
}

impl Ran {
    /// Nothing ran, for this reason.
    pub(crate) fn not(error: CallError) -> Self {
        Self {
            result: Err(error),
            usage: Usage::default(),
            lines: Lines::default(),
            refusals: Vec::new(),
            session: None,
        }
    }

    /// Keeps what it wrote, where it succeeded: an error of the tool is no success. What can't be kept fails the call.
    pub(crate) async fn kept(mut self) -> Self {
        let failed = matches!(&self.result, Err(_) | Ok(Some(Value::Result(Err(_)))));
        if let Some(session) = self.session.take().filter(|_| !failed)
            && let Err(error) = session.commit().await
        {
            self.result = Err(CallError::NotKept(error.to_string()));
        }
        self
    }
}

impl Job {
    /// Whether the function has been brief often enough to begin where it is asked for.
    pub(crate) fn is_brief(&self) -> bool {
        let function = self.skill.function(&self.tool);
        function.is_some_and(|function| function.pace.is_brief())
    }

    /// What it may make the process hold, within a factor of two: its memory or its answer in the host's form,
    /// whichever is larger, and its arguments.
    pub(crate) fn bytes(&self) -> u64 {
        let arguments: u64 = self.arguments.iter().map(val::bytes).sum();
        let answer = u64::try_from(self.answer_bytes()).unwrap_or(u64::MAX);
        let gate = self.effects.as_ref();
        let kept = gate.map_or(0, |gate| kept_bytes(gate.permit()));
        self.limits
            .memory_bytes
            .max(answer)
            .saturating_add(arguments)
            .saturating_add(kept)
    }

    /// Runs to the end or to the first limit. The store is gone when this returns, and only then
    /// the slot is free.
    pub(crate) async fn run(self, slot: Slot) -> Ran {
        let ran = self.in_fresh_store().await;
        drop(slot);
        ran
    }

    /// As [`Job::run`], in one of the slots of the call that makes this one.
    pub(crate) async fn in_fresh_store(mut self) -> Ran {
        let began = Instant::now();
        let arguments = std::mem::take(&mut self.arguments);
        let Some(function) = self.skill.function(&self.tool) else {
            return Ran::not(CallError::NoTool(self.tool));
        };
        let mut store = match self.store() {
            Ok(store) => store,
            Err(error) => return Ran::not(CallError::Trap(format!("{error:#}"))),
        };
        let arguments: Vec<Val> = arguments.into_iter().map(val::to_val).collect();
        let call = call(&mut store, &self.skill, function, &arguments);
        let call = AssertUnwindSafe(call).catch_unwind();
        let (ended, slices) = self.bounded(call).await;
        function.pace.took(began.elapsed(), slices == 1);
        let result = ended.and_then(|ended| match ended {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.explain(&store, &error)),
            Err(_panic) => Err(CallError::Internal),
        });
        let state = store.data();
        Ran {
            result,
            usage: Usage {
                fuel: self.fuel_used(&store),
                peak_memory_bytes: state.memory.peak(),
                wall: self.started.elapsed(),
            },
            lines: state.book.take(),
            refusals: state.door.take_refused(),
            session: state.session.clone(),
        }
    }

    fn fuel_used(&self, store: &Store<State>) -> u64 {
        let left = store.get_fuel().unwrap_or_default();
        let own = self.limits.fuel.saturating_sub(left);
        // What goes over the limit is not used: the call ends there.
        let used = own.saturating_add(store.data().meter.used());
        used.min(self.limits.fuel)
    }

    fn store(&self) -> wasmtime::Result<Store<State>> {
        let mut state = State::new(
            self.limits.memory_bytes,
            self.effects.clone(),
            self.requests(),
            self.ledger.clone(),
        );
        state.inside = self.inside();
        state.session = self.session();
        state.databases = self.databases();
        state.upstreams = self.upstreams();
        state.files().0.disk.clone_from(&self.disk);
        let mut store = Store::new(self.skill.instance.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_fuel(self.limits.fuel)?;
        store.fuel_async_yield_interval(Some(SLICE_FUEL))?;
        meter::install(&mut store, self.answer_bytes());
        store.set_max_component_handles(COMPONENT_HANDLES);
        Ok(store)
    }

    /// What it may send: it ends with the call.
    fn requests(&self) -> Option<Requests> {
        let (egress, gate) = (self.egress.clone()?, self.effects.clone()?);
        Some(Requests::new(
            egress,
            gate,
            self.deadline,
            self.cancel.clone(),
        ))
    }

    /// Slots that it needs: its own, and one for each call that may be under way below it.
    pub(crate) fn slots(&self) -> u32 {
        let below = self.callees.as_ref().map_or(0, |callees| callees.depth());
        below.saturating_add(1)
    }

    /// What it keeps.
    fn session(&self) -> Option<Session> {
        Some(Session::new(self.states.clone()?, self.effects.clone()?))
    }

    /// What it may ask of databases: its connections end with the call.
    fn databases(&self) -> Option<Databases> {
        let (egress, gate) = (self.egress.clone()?, self.effects.clone()?);
        Some(Databases::new(egress, gate, self.deadline))
    }

    fn upstreams(&self) -> Option<Upstreams> {
        let (requests, gate) = (self.requests()?, self.effects.clone()?);
        Some(Upstreams::new(requests, gate, self.shelf.clone()?))
    }

    /// Whom it calls.
    fn inside(&self) -> Option<Inside> {
        Some(Inside {
            callees: self.callees.clone()?,
            gate: self.effects.clone()?,
            limits: self.limits,
            deadline: self.deadline,
            cancel: self.cancel.clone(),
        })
    }

    /// What may cross as the answer, in the host's form.
    fn answer_bytes(&self) -> usize {
        let bytes = self.limits.output_bytes.saturating_mul(VALUE_BYTES);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Drives `call` until it ends, its deadline passes or it is cancelled. The clock and the token
    /// are looked at before every slice, because a timer may fire late on a thread full of guests.
    /// Who has ended by then needs no timer: setting one wakes a thread. Also says how many slices
    /// it took.
    async fn bounded<F: Future>(&self, call: F) -> (Result<F::Output, CallError>, u64) {
        let mut slices = 0;
        let mut call = pin!(call);
        let mut cancelled = pin!(self.cancel.cancelled());
        let mut timer = pin!(tokio::time::sleep_until(self.deadline.into()));
        let ended = poll_fn(|cx| {
            slices += 1;
            if cancelled.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(CallError::Cancelled));
            }
            if Instant::now() >= self.deadline {
                return Poll::Ready(Err(CallError::Deadline(self.limits.wall_ms)));
            }
            let ended = call.as_mut().poll(cx).map(Ok);
            if ended.is_pending() && timer.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref(); // the next look at the clock says so
            }
            ended
        })
        .await;
        (ended, slices)
    }

    fn explain(&self, store: &Store<State>, error: &wasmtime::Error) -> CallError {
        if let Some(I32Exit(status)) = error.downcast_ref() {
            return CallError::Exited(*status);
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => CallError::OutOfFuel(self.limits.fuel),
            _ if store.data().memory.refused() => CallError::OutOfMemory(self.limits.memory_bytes),
            Some(trap) => CallError::Trap(trap.to_string()),
            None => match format!("{error:#}") {
                // The engine has no type for this one.
                said if said.contains("fuel allocated for hostcalls") => {
                    let bytes = self.answer_bytes();
                    CallError::Output(format!(
                        "more than {CROSSING_BYTES} bytes went from the skill to the host at once, or more than {bytes} as its answer"
                    ))
                }
                said => CallError::Trap(said),
            },
        }
    }
}

/// What its stores and its databases' rows take of the host's memory at most: a store is read, unsealed, decoded and
/// written anew; a row is read, made values and handed over.
fn kept_bytes(permit: &Permit) -> u64 {
    let stores = permit.state().values().map(|store| store.bytes);
    let databases = permit.databases().all();
    let rows = databases.map(|database| database.bounds.bytes);
    let all = stores.chain(rows).fold(0, u64::saturating_add);
    all.saturating_mul(4)
}

/// Instantiates and calls: start-up code and initial memories count against the same limits.
async fn call(
    store: &mut Store<State>,
    skill: &Skill,
    function: &Function,
    arguments: &[Val],
) -> wasmtime::Result<Option<Value>> {
    let instance = skill.instance.instantiate_async(&mut *store).await?;
    let entry = instance.get_func(&mut *store, function.index);
    let entry = entry.ok_or_else(|| wasmtime::format_err!("the function is gone"))?;
    let Some(ty) = &function.tool.result else {
        entry.call_async(&mut *store, arguments, &mut []).await?;
        return Ok(None);
    };
    let mut results = [Val::Bool(false)];
    entry
        .call_async(&mut *store, arguments, &mut results)
        .await?;
    let [result] = results;
    let value = val::from_val(ty, result);
    value
        .map(Some)
        .ok_or_else(|| wasmtime::format_err!("the result is of another type"))
}
