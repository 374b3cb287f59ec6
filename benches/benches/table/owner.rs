//! A call in the owner process: all of it but the disk, and with the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use vouchsafe_ambient::files::Lock;
use vouchsafe_daemon::caller::Caller;
use vouchsafe_daemon::home::Home as Place;
use vouchsafe_daemon::owner::Owner;
use vouchsafe_tests::Home;
use wasmtime::component::Val;

use crate::disk;
use crate::raw::Raw;
use crate::report::{Report, median, time};

const CALLS: usize = 5000;

/// Calls under way at once, so that what they wait for together is shared.
const CROWD: usize = 16;

/// A file system in memory, on which syncing costs nothing.
pub(crate) const MEMORY: &str = "/dev/shm";

pub(crate) fn measure(report: &mut Report) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("threads");
    let raw = runtime.block_on(async { tokio::spawn(raw_calls()).await.expect("raw calls") });
    let floor = ("instantiate and call in raw wasmtime", raw);

    let (alone, crowd) = runtime.block_on(calls(Path::new(MEMORY)));
    report.times(
        "a pure call in the owner, records kept in memory, 16 under way, each",
        crowd,
        floor,
        ("<= 2x", crowd <= raw * 2),
    );
    report.times("the same, one after another", alone, floor, ("", true));

    let here = std::env::temp_dir();
    let commit = disk::commit(&here);
    let (durable, _) = runtime.block_on(calls(&here));
    let floor = format!("that + one commit to disk of {}", time(commit));
    let sum = alone + commit;
    let ratio = durable.as_secs_f64() / sum.as_secs_f64();
    report.row(
        "a pure call in the owner, its record durable",
        time(durable),
        floor,
        format!("{ratio:.2}x"),
        ("that + one group commit", ratio < 1.15),
    );
}

async fn raw_calls() -> Duration {
    let raw = Raw::new("echo", false);
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let text = Val::String("hello".into());
        times.push(raw.call("guests:echo/echo@0.1.0", "say", text).await);
    }
    median(&mut times)
}

/// The owner of `home` in this process, as long as the lock is held.
pub(crate) fn open(home: &Home) -> (Lock, Arc<Owner>) {
    home.stop();
    let place = Place::at(&home.home());
    let alone = Lock::take(&place.owner_lock()).expect("the owner's lock");
    let owner = Owner::open(place, &alone).expect("an owner");
    (alone, owner)
}

/// One call that answers.
pub(crate) async fn call(owner: &Owner, tool: &str, arguments: &Json) {
    let caller = Caller::local(0);
    let answer = owner.call(&caller, tool, arguments.clone(), CancellationToken::new());
    answer.await.expect("a tool").result.expect("an answer");
}

/// The median time of a call alone, and the mean time of each of many, in a home below `directory`.
async fn calls(directory: &Path) -> (Duration, Duration) {
    let home = Home::trusting_in(directory, &["guests"]);
    home.with_guest("echo");
    // Compiles it: our own program is no compiler.
    home.call("echo_say", &json!({ "text": "hello" })).ok();
    let (_alone, owner) = open(&home);
    let call = {
        let owner = owner.clone();
        move || {
            let owner = owner.clone();
            async move { call(&owner, "echo_say", &json!({ "text": "hello" })).await }
        }
    };
    let alone = {
        let call = call.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            for _ in 0..CALLS {
                let start = Instant::now();
                call().await;
                times.push(start.elapsed());
            }
            median(&mut times)
        })
    };
    let alone = alone.await.expect("calls");
    let crowd = tokio::spawn(async move {
        let one = || async {
            for _ in 0..CALLS / CROWD {
                call().await;
            }
        };
        let start = Instant::now();
        futures::future::join_all((0..CROWD).map(|_| one())).await;
        start.elapsed() / u32::try_from(CALLS / CROWD * CROWD).expect("a small number")
    });
    let crowd = crowd.await.expect("calls");
    (alone, crowd)
}
