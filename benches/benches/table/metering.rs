//! The price of fuel on four kinds of work.

use std::time::Duration;

use wasmtime::component::Val;

use crate::raw::Raw;
use crate::report::{Report, time};

const WORK: &str = "guests:kinds-of-work/work@0.1.0";

/// Each kind with a size that takes some milliseconds.
const KINDS: [(&str, u32); 4] = [
    ("calls", 27),
    ("arithmetic", 5_000_000),
    ("sorting", 100_000),
    ("strings", 40_000),
];

const ROUNDS: usize = 15;

pub(crate) fn measure(report: &mut Report) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a thread");
    runtime.block_on(async {
        let (metered, bare) = (
            Raw::new("kinds-of-work", true),
            Raw::new("kinds-of-work", false),
        );
        let mut product = 1.0;
        let mut parts = Vec::new();
        for (kind, size) in KINDS {
            let (mut with, mut without) = (Duration::MAX, Duration::MAX);
            for _ in 0..ROUNDS {
                with = with.min(metered.call(WORK, kind, Val::U32(size)).await);
                without = without.min(bare.call(WORK, kind, Val::U32(size)).await);
            }
            let ratio = with.as_secs_f64() / without.as_secs_f64();
            parts.push(format!("{kind} {} {ratio:.2}x", time(with)));
            product *= ratio;
        }
        let mean = f64::powf(product, 1.0 / KINDS.len() as f64);
        let met = ("<= 1.4x", mean <= 1.4);
        report.row(
            "metering by fuel, four kinds of work",
            parts.join(", "),
            "the same without fuel".to_owned(),
            format!("{mean:.2}x"),
            met,
        );
    });
}
