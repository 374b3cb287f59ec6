//! Whatever a guest does with its time, the deadline ends it, and its slot is somebody else's.

use super::wire::{Wire, error_code, result, text};
use super::{Module, call, code, run, with};
use serde_json::json;
use std::time::{Duration, Instant};
use vouchsafe_tests::Home;

/// Calls that run at once.
const SLOTS: usize = 128;
/// Calls of one session that run at once.
const SESSION: usize = 64;

/// More fuel than any of these tests burns.
const ENDLESS: &str = "fuel = 10000000000000";

#[test]
fn endless_and_waiting_guests_end_at_the_deadline() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("endless-loop", &format!("{ENDLESS}\ntime = \"400ms\""));
    home.with_limited_guest("sleeper", "time = \"400ms\"");
    home.with_limited_guest("long-start", &format!("{ENDLESS}\ntime = \"400ms\""));
    // Compiled first, so that only the calls are timed.
    home.warm("endless-loop_say", &json!({ "text": "" }));
    home.warm("sleeper_sleep", &json!({ "milliseconds": 1 }));
    home.warm("long-start_say", &json!({ "text": "" }));
    let mut wire = Wire::open(&home);
    for (tool, arguments) in [
        ("endless-loop_run", json!({})),
        ("sleeper_sleep", json!({ "milliseconds": 3_600_000 })),
        (
            "sleeper_poll",
            json!({ "milliseconds": 3_600_000, "timers": 50 }),
        ),
        ("long-start_say", json!({ "text": "" })),
    ] {
        let id = wire.call(tool, &arguments);
        let answer = wire.answer(id);
        assert_eq!(error_code(&answer), "DEADLINE", "{tool}");
        let wall = &answer["result"]["_meta"]["dev.vouchsafe/usage"]["wall_ms"];
        let wall = wall.as_f64().unwrap();
        assert!((400.0..1500.0).contains(&wall), "{tool}: {wall} ms");
        assert_eq!(home.records(1)[0]["status"], "deadline", "{tool}");
    }
}

#[test]
fn after_the_deadline_of_all_slots_the_next_call_is_served() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("sleeper", "time = \"1500ms\"");
    home.with_guest("echo");
    assert_eq!(
        call(&home, "echo_say", &json!({ "text": "a" })),
        Ok(json!("a"))
    );
    let brief = json!({ "milliseconds": 1 });
    home.warm("sleeper_sleep", &brief);
    assert_eq!(call(&home, "sleeper_sleep", &brief), Ok(json!("1")));
    let sleep = json!({ "milliseconds": 3_600_000 });
    // A session has so many calls under way at most, so it takes several to fill the host.
    let mut sessions: Vec<Wire> = (0..SLOTS / SESSION).map(|_| Wire::open(&home)).collect();
    let mut other = Wire::open(&home);
    let began = Instant::now();
    let mut asleep = Vec::new();
    for wire in &mut sessions {
        let ids = (0..SESSION).map(|_| wire.call("sleeper_sleep", &sleep));
        asleep.push(ids.collect::<Vec<u64>>());
    }
    std::thread::sleep(Duration::from_millis(500));
    let echo = other.call("echo_say", &json!({ "text": "after" }));
    let (at, answer) = other.timed_answer(echo);
    assert_eq!(*result(&answer), json!("after"));
    let waited = at.duration_since(began);
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    for (wire, ids) in sessions.iter_mut().zip(asleep) {
        for id in ids {
            assert_eq!(error_code(&wire.answer(id)), "DEADLINE");
        }
    }
    assert_eq!(
        call(&home, "echo_say", &json!({ "text": "idle" })),
        Ok(json!("idle"))
    );
}

#[test]
fn a_timeout_in_one_call_never_ends_another() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("endless-loop", &format!("{ENDLESS}\ntime = \"300ms\""));
    home.warm("endless-loop_say", &json!({ "text": "" }));
    home.with_guest("kinds-of-work");
    assert_eq!(
        call(&home, "kinds-of-work_calls", &json!({ "n": 10 })),
        Ok(json!("55"))
    );
    let mut wire = Wire::open(&home);
    // Ended calls all the time, of the same skill and of the other, on the same threads.
    let mut endless = Vec::new();
    let mut others = Vec::new();
    for n in 0..24_u32 {
        endless.push(wire.call("endless-loop_run", &json!({})));
        others.push((
            wire.call("kinds-of-work_calls", &json!({ "n": 24 })),
            "46368".to_owned(),
        ));
        let text = format!("n{n}");
        others.push((
            wire.call("endless-loop_say", &json!({ "text": text })),
            text,
        ));
        std::thread::sleep(Duration::from_millis(30));
    }
    for (id, expected) in others {
        let answer = wire.answer(id);
        // A call of the limited skill may itself have waited too long; it must not trap.
        if error_free(&answer) {
            assert_eq!(*result(&answer), json!(expected));
        } else {
            assert_eq!(error_code(&answer), "DEADLINE");
            assert_ne!(
                expected,
                "46368",
                "a call with 20 s ended early: {}",
                text(&answer)
            );
        }
    }
    for id in endless {
        assert_eq!(error_code(&wire.answer(id)), "DEADLINE");
    }
}

fn error_free(answer: &serde_json::Value) -> bool {
    answer["result"]["isError"] != true
}

#[test]
fn an_interrupted_store_is_never_entered_again() {
    let home = Home::trusting(&["guests"]);
    Module {
        name: "counter",
        functions: &[
            ("count", "u32"),
            ("trap", "u32"),
            ("spin", "u32"),
            ("burn", "u32"),
        ],
        limits: "time = \"200ms\"\nfuel = 10000000000000",
        body: r#"
            (memory 1) (global $n (mut i32) (i32.const 0))
            (func $next (export "count") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1)))
                (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
                (i32.add (global.get $n) (i32.load (i32.const 64))))
            (func (export "trap") (result i32) (drop (call $next)) unreachable)
            (func (export "spin") (result i32) (drop (call $next)) (loop $l (br $l)) unreachable)
            (func $deep (result i32) (drop (call $next)) (call $deep))
            (func (export "burn") (result i32) (call $deep))"#,
    }
    .install(&home);
    home.warm("counter_count", &json!({}));
    let mut wire = Wire::open(&home);
    for (tool, end) in [("trap", "TRAP"), ("spin", "DEADLINE"), ("burn", "TRAP")] {
        assert_eq!(code(&run(&home, &format!("counter_{tool}"))), end);
        // Also often enough for the short way that brief calls take.
        for _ in 0..150 {
            let id = wire.call("counter_count", &json!({}));
            assert_eq!(*result(&wire.answer(id)), json!(2), "after {tool}");
        }
    }
}

#[test]
fn who_goes_away_takes_its_guests_along() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("endless-loop", &format!("{ENDLESS}\ntime = \"60s\""));
    home.with_guest("sleeper");
    assert_eq!(
        call(&home, "endless-loop_say", &json!({ "text": "a" })),
        Ok(json!("a"))
    );
    let mut wire = Wire::open(&home);
    wire.call("endless-loop_run", &json!({}));
    wire.call("sleeper_sleep", &json!({ "milliseconds": 3_600_000 }));
    let mut command = home.command(&["call", "endless-loop_run"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    command.kill().unwrap();
    command.wait().unwrap();
    assert!(wire.hang_up().success());
    let began = Instant::now();
    loop {
        let records = home.records(3);
        let cancelled = records
            .iter()
            .filter(|record| record["status"] == "cancelled")
            .count();
        if cancelled == 3 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{records:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn fuel_memory_and_time_stand_in_the_reply_and_in_the_record() {
    let home = with(&["memory-hog"]);
    let mut wire = Wire::open(&home);
    let mut hold = || {
        let id = wire.call("memory-hog_hold", &json!({ "mebibytes": 10 }));
        wire.answer(id)
    };
    hold(); // compiles it, which counts in the reply and is over before the intent
    let answer = hold();
    assert_eq!(*result(&answer), json!(10));
    let meta = &answer["result"]["_meta"];
    let usage = &meta["dev.vouchsafe/usage"];
    let (fuel, peak) = (&usage["fuel"], &usage["peak_memory_bytes"]);
    assert!(fuel.as_u64().unwrap() > 1_000_000, "{usage}");
    let mebibyte = 1 << 20;
    assert!(
        (10 * mebibyte..16 * mebibyte).contains(&peak.as_u64().unwrap()),
        "{usage}"
    );
    let wall = usage["wall_ms"].as_f64().unwrap();
    assert!(wall > 0.0 && wall < 20_000.0, "{usage}");

    let [outcome] = &home.records(1)[..] else {
        panic!("no record")
    };
    let record = &meta["dev.vouchsafe/record"];
    assert_eq!(outcome["seq"], record["seq"]);
    assert_eq!((&outcome["fuel"], &outcome["peak_memory"]), (fuel, peak));
    let took = outcome["duration_us"].as_f64().unwrap() / 1000.0;
    assert!(
        (took - wall).abs() < 50.0,
        "{took} ms in the record, {wall} ms in the reply"
    );
    // The next record names this one by the hash that the reply gave.
    let id = wire.call("memory-hog_hold", &json!({ "mebibytes": 1 }));
    wire.answer(id);
    let next = outcome["seq"].as_u64().unwrap() + 1;
    let next = home.run(&[
        "audit",
        "show",
        "--json",
        "--from",
        &next.to_string(),
        "--limit",
        "1",
    ]);
    assert_eq!(next.ok().json()[0]["prev"], record["hash"]);

    let id = wire.call("memory-hog_hold", &json!({ "mebibytes": 100 }));
    let usage = wire.answer(id)["result"]["_meta"]["dev.vouchsafe/usage"].clone();
    assert!(
        usage["fuel"].as_u64().unwrap() > 0,
        "of a call that failed, too: {usage}"
    );
}
