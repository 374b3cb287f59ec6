//! A skill that calls a skill, beside one call of the skill that is called.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use vouchsafe_daemon::owner::Owner;
use vouchsafe_tests::Home;

use crate::owner::{MEMORY, call, open};
use crate::report::{Report, median};

const CALLS: usize = 3000;

/// What lets the one call the other.
const NAMED: &str = "[skills.\"guests:gives-records/records\"]\nskill = \"guests:gives-records\"\npublisher = \"publisher\"\n";

pub(crate) fn measure(report: &mut Report) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("threads");
    let home = Home::trusting_in(Path::new(MEMORY), &["guests"]);
    home.with_guest("gives-records");
    home.with_granted_guest("asks-records", NAMED);
    // Compiles both: our own program is no compiler.
    home.warm("asks-records_find", &json!({ "id": "four" }));
    let (nested, one) = runtime.block_on(async {
        let (_alone, owner) = open(&home);
        tokio::spawn(times(owner)).await.expect("calls")
    });
    report.times(
        "a skill that calls a skill, records kept in memory",
        nested,
        ("one call of the skill that is called", one),
        ("<= 2x", nested <= one * 2),
    );
}

/// The median times of both, measured by turns.
async fn times(owner: Arc<Owner>) -> (Duration, Duration) {
    let arguments = json!({ "id": "four" });
    let (mut nested, mut one) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        for (tool, times) in [
            ("asks-records_find", &mut nested),
            ("gives-records_find", &mut one),
        ] {
            let start = Instant::now();
            call(&owner, tool, &arguments).await;
            times.push(start.elapsed());
        }
    }
    (median(&mut nested), median(&mut one))
}
