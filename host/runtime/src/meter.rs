//! What the host does for a guest counts as the guest's own work.
//!
//! A host function costs next to no instructions, so fuel alone would let a guest that only calls
//! the host hold a thread, and never be looked at. Each such call is therefore charged, and a guest
//! whose turn is over gives its thread up on the way back from the host.

use crate::state::State;
use std::time::{Duration, Instant};
use wasmtime::{CallHook, CallHookHandler, Store, StoreContextMut, Trap};
use wasmtime_wasi::async_trait;

/// What may cross to the host in one host call, in the host's form. No host function needs more:
/// lines, names, addresses and chunks of a body are all cut or refused beyond less.
pub(crate) const CROSSING_BYTES: usize = 64 << 10;

/// Fuel of a host call: what moving its bytes takes, at most and roughly.
const HOST_CALL_FUEL: u64 = 1_000;

/// How long a guest that calls the host has its thread. No shorter than a brief call, which is to
/// end in its first turn.
const TURN: Duration = Duration::from_micros(250);

/// The host's work for one call.
#[derive(Debug)]
pub(crate) struct Meter {
    used: u64,
    turn_began: Instant,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            used: 0,
            turn_began: Instant::now(),
        }
    }

    /// Fuel that host calls took.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// Charges one host call. `left` is the fuel that instructions have left.
    fn charge(&mut self, left: u64) -> Result<(), Trap> {
        self.used = self.used.saturating_add(HOST_CALL_FUEL);
        if self.used > left {
            return Err(Trap::OutOfFuel);
        }
        Ok(())
    }

    /// Whether the turn is over; if so, the next begins.
    fn turn_is_over(&mut self) -> bool {
        let over = self.turn_began.elapsed() >= TURN;
        if over {
            self.turn_began = Instant::now();
        }
        over
    }
}

/// Meters all host calls in `store`. `answer_bytes` is what may cross as the answer.
pub(crate) fn install(store: &mut Store<State>, answer_bytes: usize) {
    store.set_hostcall_fuel(CROSSING_BYTES);
    store.call_hook_async(Hook { answer_bytes });
}

struct Hook {
    answer_bytes: usize,
}

#[async_trait]
impl CallHookHandler<State> for Hook {
    async fn handle_call_event(
        &self,
        mut store: StoreContextMut<'_, State>,
        event: CallHook,
    ) -> wasmtime::Result<()> {
        match event {
            CallHook::CallingHost => {
                store.set_hostcall_fuel(CROSSING_BYTES);
                let left = store.get_fuel()?;
                store.data_mut().meter.charge(left)?;
            }
            CallHook::ReturningFromHost => {
                if store.data_mut().meter.turn_is_over() {
                    tokio::task::yield_now().await;
                }
            }
            // The answer is taken once the guest has returned. Until its next call nothing else is.
            CallHook::ReturningFromWasm => store.set_hostcall_fuel(self.answer_bytes),
            CallHook::CallingWasm => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_calls_and_instructions_together_stay_within_the_limit() {
        let mut meter = Meter::new();
        for _ in 0..4 {
            assert_eq!(meter.charge(4 * HOST_CALL_FUEL), Ok(()));
        }
        assert_eq!(meter.charge(4 * HOST_CALL_FUEL), Err(Trap::OutOfFuel));
    }

    #[test]
    fn a_turn_ends_once() {
        let mut meter = Meter::new();
        meter.turn_began -= TURN;
        assert!(meter.turn_is_over());
        assert!(!meter.turn_is_over());
    }
}
