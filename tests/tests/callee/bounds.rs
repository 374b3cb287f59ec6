//! What is called has no more than its caller has left, and ends with it.

use super::*;
use std::time::{Duration, Instant};

/// Both skills, the caller with these limits in its grant.
fn limited(limits: &str) -> Home {
    let home = both();
    regrant(&home, CALLER, |text| {
        format!("{text}\n[limits]\n{limits}\n")
    });
    home
}

/// The status, reason or code of each of the newest records, oldest first.
fn ends(home: &Home, limit: usize) -> Vec<String> {
    let words = |record: &Json| {
        let words = ["status", "why", "code", "kind"];
        let mut found = words.iter().filter_map(|word| record[*word].as_str());
        found.next().unwrap_or_default().to_owned()
    };
    home.records(limit).iter().map(words).collect()
}

#[test]
fn a_callee_that_never_ends_ends_with_its_caller_s_time() {
    let home = limited("time = \"2s\"");
    let began = Instant::now();
    let _ = ask(&home, "spin", &json!({})).unwrap_err();
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    let ends = ends(&home, 2);
    assert!(ends.contains(&"deadline".to_owned()), "{ends:?}");
}

#[test]
fn a_callee_has_no_more_fuel_than_its_caller_has_left_and_the_caller_pays() {
    let home = limited("fuel = 20000000");
    let error = ask(&home, "spin", &json!({})).unwrap_err();
    assert!(error.starts_with("OUT_OF_FUEL"), "{error}");
    let records = home.records(2);
    let fuel = |record: &Json| record["fuel"].as_u64().unwrap();
    assert!(
        fuel(&records[0]) < 20_000_000 && fuel(&records[0]) > 10_000_000,
        "{records:?}"
    );
    assert!(fuel(&records[1]) <= 20_000_000);
}

#[test]
fn a_callee_has_no_more_than_its_own_grant_gives_it_and_its_caller_goes_on() {
    let home = both();
    regrant(&home, "guests.gives-records", |text| {
        format!("{text}\n[limits]\nfuel = 5000000\nmemory = \"4 MiB\"\n")
    });
    assert_eq!(heard(&home, "spin", &json!({})), "OUT_OF_FUEL");
    let inner = &home.records(2)[0];
    assert!(inner["fuel"].as_u64().unwrap() <= 5_000_000, "{inner}");
    let held = json!({ "mine": 1 << 20, "yours": 8 << 20 });
    assert_eq!(heard(&home, "hold", &held), "OUT_OF_MEMORY");
}

#[test]
fn what_both_hold_is_within_the_caller_s_memory() {
    let home = limited("memory = \"16 MiB\"");
    let six = json!({ "mine": 6 << 20, "yours": 6 << 20 });
    assert_eq!(ask(&home, "hold", &six), Ok(json!(12 << 20)));
    let nine = json!({ "mine": 9 << 20, "yours": 9 << 20 });
    assert_eq!(heard(&home, "hold", &nine), "OUT_OF_MEMORY");
    assert_eq!(ask(&home, "hold", &six), Ok(json!(12 << 20)));
}

#[test]
fn a_huge_answer_ends_the_callee_and_not_its_caller() {
    let home = limited("output = \"64 KiB\"");
    assert_eq!(
        ask(&home, "flood", &json!({ "bytes": 60_000 })),
        Ok(json!(60_000))
    );
    assert_eq!(
        heard(&home, "flood", &json!({ "bytes": 5 << 20 })),
        "OUTPUT"
    );
}

#[test]
fn a_callee_that_traps_is_an_error_to_its_caller() {
    let home = both();
    assert_eq!(heard(&home, "fail", &json!({})), "TRAP");
    assert_eq!(ends(&home, 2), ["trapped", "tool-error"]);
}

#[test]
fn calls_of_others_are_bounded_in_number() {
    let home = both();
    assert_eq!(ask(&home, "many", &json!({ "times": 100 })), Ok(json!(100)));
    assert_eq!(
        heard(&home, "many", &json!({ "times": 2000 })),
        "NOT_ALLOWED"
    );
}

#[test]
fn sixty_four_callers_that_each_call_all_end() {
    let home = both();
    let _ = ask(&home, "find", &json!({ "id": "compiled" }));
    let began = Instant::now();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..64)
            .map(|n| {
                let home = &home;
                scope.spawn(move || {
                    let input = home.path(&format!("input-{n}.json"));
                    std::fs::write(&input, "{\"times\":20}").unwrap();
                    let input = input.to_str().unwrap();
                    home.run(&["call", "asks-records_many", "--input", input, "--json"])
                        .ok()
                        .json()
                })
            })
            .collect();
        for call in calls {
            assert_eq!(call.join().unwrap()["output"]["result"], json!(20));
        }
    });
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn switching_the_callee_off_ends_it_and_its_caller_hears_so() {
    let home = both();
    let said = std::thread::scope(|scope| {
        let call = scope.spawn(|| heard(&home, "spin", &json!({})));
        std::thread::sleep(Duration::from_secs(2));
        home.run(&["disable", "gives-records"]).ok();
        call.join().unwrap()
    });
    assert_eq!(said, "KILLED");
    assert_eq!(heard(&home, "find", &json!({ "id": "x" })), "NOT_ALLOWED");
}

#[test]
fn who_goes_away_takes_callee_and_caller_along() {
    let home = both();
    let _ = ask(&home, "find", &json!({ "id": "compiled" }));
    let input = home.path("input.json");
    std::fs::write(&input, "{}").unwrap();
    let mut call = home.command(&[
        "call",
        "asks-records_spin",
        "--input",
        input.to_str().unwrap(),
    ]);
    let mut call = call.stdout(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    call.kill().unwrap();
    call.wait().unwrap();
    let began = Instant::now();
    while ends(&home, 2)
        .iter()
        .any(|end| end == "intent" || end == "ok")
    {
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            ends(&home, 4)
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut ends = ends(&home, 2);
    ends.sort();
    assert!(
        ends.iter().all(|end| end == "cancel" || end == "cancelled"),
        "{ends:?}"
    );
}
