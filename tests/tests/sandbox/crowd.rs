//! A host full of endless guests still answers, and gives their cores back when told to.

use super::call;
use super::wire::{Wire, error_code};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};
use vouchsafe_tests::{Home, Socket};

const CROWD: usize = 64;

#[test]
fn sixty_four_endless_guests_leave_ping_and_control_under_10_ms_and_cancel_frees_the_cores() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("endless-loop", "fuel = 10000000000000\ntime = \"5m\"");
    assert_eq!(
        call(&home, "endless-loop_say", &json!({ "text": "a" })),
        Ok(json!("a"))
    );
    let mut crowd = Wire::open(&home);
    let (mut wire, mut control) = (Wire::open(&home), Socket::open(&home));
    let owner = control.ask(&json!({ "do": "ping" })).unwrap()["pid"]
        .as_u64()
        .unwrap();
    let guests: Vec<u64> = (0..CROWD)
        .map(|_| crowd.call("endless-loop_run", &json!({})))
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let cores = std::thread::available_parallelism().unwrap().get();
    let busy = busy_for(owner, Duration::from_millis(500));
    assert!(busy > 0.0, "the guests do not run: {busy} of {cores} cores");

    quick("ping", || {
        wire.ping();
    });
    quick("ping in the session of the guests", || {
        crowd.ping();
    });
    quick("control", || {
        drop(control.ask(&json!({ "do": "ping" })).unwrap())
    });
    quick("list", || {
        drop(control.ask(&json!({ "do": "list" })).unwrap())
    });
    let id = wire.call("endless-loop_say", &json!({ "text": "still here" }));
    assert_ne!(wire.answer(id)["result"]["isError"], true);
    assert!(!crowd.has_answered(guests[0]), "the guests are still there");

    let (first, rest) = guests.split_first().unwrap();
    let began = Instant::now();
    crowd.cancel(*first);
    wait_for(&mut control, 1);
    assert!(
        began.elapsed() < Duration::from_millis(250),
        "{:?}",
        began.elapsed()
    );
    for id in rest {
        crowd.cancel(*id);
    }
    wait_for(&mut control, CROWD);
    let busy = busy_for(owner, Duration::from_millis(500));
    assert!(busy < 0.1, "{busy} of {cores} cores are still taken");
    let id = crowd.call("endless-loop_say", &json!({ "text": "free" }));
    assert_ne!(crowd.answer(id)["result"]["isError"], true);
}

#[test]
fn what_switches_a_skill_off_does_not_wait_for_its_guests() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("endless-loop", "fuel = 10000000000000\ntime = \"5m\"");
    assert_eq!(
        call(&home, "endless-loop_say", &json!({ "text": "a" })),
        Ok(json!("a"))
    );
    let mut crowd = Wire::open(&home);
    let mut control = Socket::open(&home);
    for _ in 0..CROWD {
        crowd.call("endless-loop_run", &json!({}));
    }
    std::thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    control
        .ask(&json!({ "do": "disable", "skill": "endless-loop" }))
        .unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let id = crowd.call("endless-loop_say", &json!({ "text": "a" }));
    let answer = crowd.answer(id);
    assert!(
        answer.get("error").is_some() || !error_code(&answer).is_empty(),
        "{answer}"
    );
    let began = Instant::now();
    home.run(&["stop"]).ok();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

/// Fails unless `act` takes less than 10 ms at the 99th percentile, in the best of three rounds: what
/// else this machine does is not ours.
#[track_caller]
fn quick(what: &str, mut act: impl FnMut()) {
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let mut times: Vec<Duration> = (0..100)
            .map(|_| {
                let began = Instant::now();
                act();
                began.elapsed()
            })
            .collect();
        times.sort();
        if times[98] < Duration::from_millis(10) {
            return;
        }
        rounds.push(times[98]);
    }
    panic!("`{what}` took {rounds:?} at the 99th percentile");
}

/// Waits until so many calls are recorded as cancelled.
#[track_caller]
fn wait_for(control: &mut Socket, cancelled: usize) {
    let began = Instant::now();
    loop {
        let records = control
            .ask(&json!({ "do": "audit-show", "from": null, "limit": 2 * CROWD }))
            .unwrap();
        let is_cancelled = |record: &&Json| record["status"] == "cancelled";
        let found = records
            .as_array()
            .unwrap()
            .iter()
            .filter(is_cancelled)
            .count();
        if found >= cancelled {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{found} of {cancelled} are cancelled"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How many cores the process `pid` took during `time`.
fn busy_for(pid: u64, time: Duration) -> f64 {
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
    };
    let before = ticks();
    std::thread::sleep(time);
    (ticks() - before) / 100.0 / time.as_secs_f64()
}
