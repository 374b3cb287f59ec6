//! Waits in the host, where fuel is not used.

use std::time::Duration;

use bindings::wasi::{clocks::monotonic_clock, io::poll};

vouchsafe_sdk::skill!(Sleeper);

struct Sleeper;

impl sleeper::Guest for Sleeper {
    fn sleep(milliseconds: u64) -> u64 {
        std::thread::sleep(Duration::from_millis(milliseconds));
        milliseconds
    }
    fn poll(milliseconds: u64, timers: u32) -> u32 {
        let nanoseconds = milliseconds.saturating_mul(1_000_000);
        let all: Vec<_> = (0..timers)
            .map(|_| monotonic_clock::subscribe_duration(nanoseconds))
            .collect();
        poll::poll(&all.iter().collect::<Vec<_>>()).len() as u32
    }
}
