//! The memory limit holds whatever the memory is called, and nobody finds what another left there.

use super::wire::Wire;
use super::{Module, call, code, run};
use serde_json::json;
use vouchsafe_tests::{Home, Socket};

const RUN: &[(&str, &str)] = &[("run", "u32")];

#[test]
fn the_memory_limit_holds_over_several_memories_tables_initial_sizes_and_start_up_code() {
    let home = Home::trusting(&["guests"]);
    let answers_one = r#"(func (export "run") (result i32) i32.const 1)"#;
    let cases = [
        ("fits", format!("(memory 8) (memory 8) {answers_one}"), "OK"),
        ("initial", format!("(memory 8) (memory 9) {answers_one}"), "OUT_OF_MEMORY"),
        ("table", format!("(memory 15) (table 10000 funcref) {answers_one}"), "OUT_OF_MEMORY"),
        (
            "start",
            format!(
                "(memory $a 1) (memory $b 1) (func $s
                    (if (i32.ne (memory.grow $a (i32.const 7)) (i32.const 1)) (then unreachable))
                    (if (i32.ne (memory.grow $b (i32.const 8)) (i32.const 1)) (then unreachable)))
                 (start $s) {answers_one}"
            ),
            "OUT_OF_MEMORY",
        ),
        (
            "grow",
            r#"(memory $a 1) (memory $b 1) (table $t 1 funcref)
               (func (export "run") (result i32)
                 (drop (memory.grow $a (i32.const 7)))
                 (drop (memory.grow $b (i32.const 6)))
                 (drop (table.grow $t (ref.null func) (i32.const 49000)))
                 (drop (memory.grow $b (i32.const 1)))
                 (i32.add (i32.mul (i32.const 1000) (table.size $t)) (i32.add (memory.size $a) (memory.size $b))))"#
                .to_owned(),
            "OK",
        ),
    ];
    for (name, body, _) in &cases {
        Module {
            name,
            functions: RUN,
            limits: "",
            body,
        }
        .install(&home);
        // The manifest's own limit is held against initial sizes by `pack`; the operator's is held here.
        let file = home.config(&format!("grants/guests.{name}.toml"));
        let grant = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, grant + "\n[limits]\nmemory = \"1 MiB\"\n").unwrap();
    }
    home.apply().ok();
    for (name, _, end) in cases {
        let answer = home.call(&format!("{name}_run"), &json!({})).json();
        let ended = answer["error"]
            .as_str()
            .map_or("OK", |error| error.split(':').next().unwrap());
        assert_eq!(ended, end, "{name}: {answer}");
        if name == "grow" {
            // 8 and 7 pages, then a table that does not fit with them, nor would a page more with a place taken.
            let result = answer["output"]["result"].as_u64().unwrap();
            assert_eq!(result, 1000 + 15, "one place in the table, fifteen pages");
        }
        let peak = home.records(1)[0]["peak_memory"].as_u64().unwrap();
        assert!(peak <= 1 << 20, "{name}: {peak} bytes");
    }
}

#[test]
fn a_guest_finds_nothing_that_another_left_in_memory() {
    let home = Home::trusting(&["guests"]);
    Module {
        name: "leaver",
        functions: RUN,
        limits: "",
        body: r#"(memory 320) (table $t 9000 funcref) (elem declare func $f) (func $f)
            (func (export "run") (result i32)
                (memory.fill (i32.const 0) (i32.const 170) (i32.const 20971520))
                (table.fill $t (i32.const 0) (ref.func $f) (i32.const 9000))
                (i32.const 1))"#,
    }
    .install(&home);
    Module {
        name: "finder",
        functions: RUN,
        limits: "",
        body: r#"(memory 1) (table $t 9000 funcref)
            (func (export "run") (result i32) (local $at i32) (local $found i64)
                (drop (memory.grow (i32.const 319)))
                (loop $more
                    (local.set $found (i64.or (local.get $found) (i64.load (local.get $at))))
                    (local.set $at (i32.add (local.get $at) (i32.const 8)))
                    (br_if $more (i32.lt_u (local.get $at) (i32.const 20971520))))
                (local.set $at (i32.const 0))
                (loop $more
                    (if (i32.eqz (ref.is_null (table.get $t (local.get $at)))) (then (return (i32.const 77))))
                    (local.set $at (i32.add (local.get $at) (i32.const 1)))
                    (br_if $more (i32.lt_u (local.get $at) (i32.const 9000))))
                (i64.ne (local.get $found) (i64.const 0)))"#,
    }
    .install(&home);
    for _ in 0..8 {
        assert_eq!(run(&home, "leaver_run"), Ok(json!(1)));
        assert_eq!(run(&home, "finder_run"), Ok(json!(0)));
    }
}

#[test]
fn what_guests_make_the_host_hold_is_bounded() {
    let home = Home::trusting(&["guests"]);
    for guest in ["handle-hog", "log-flood", "stdout-flood", "huge-output"] {
        home.with_guest(guest);
    }
    let floods = [
        (
            "handle-hog_headers",
            json!({ "count": 4_000_000, "bytes": 200 }),
        ),
        ("handle-hog_pollables", json!({ "count": 4_000_000 })),
        ("handle-hog_streams", json!({ "count": 4_000_000 })),
        (
            "log-flood_lines",
            json!({ "count": 2000, "bytes": 100_000 }),
        ),
        ("stdout-flood_print", json!({ "lines": 20_000 })),
        ("huge-output_text", json!({ "bytes": 50_000_000 })),
        (
            "huge-output_nested",
            json!({ "lists": 2000, "numbers": 2000 }),
        ),
    ];
    for (tool, arguments) in &floods {
        let answer = call(&home, tool, arguments);
        assert!(
            ["OK", "TRAP", "OUTPUT", "OUT_OF_FUEL", "OUT_OF_MEMORY"].contains(&code(&answer)),
            "{answer:?}"
        );
    }
    let owner = Socket::open(&home).ask(&json!({ "do": "ping" })).unwrap()["pid"]
        .as_u64()
        .unwrap();
    let before = memory_of(owner);
    let mut wire = Wire::open(&home);
    let mut calls = Vec::new();
    for _ in 0..4 {
        calls.extend(
            floods
                .iter()
                .map(|(tool, arguments)| wire.call(tool, arguments)),
        );
    }
    for id in calls {
        wire.answer(id);
    }
    // At most two run at a time here, but all 28 are alive.
    let more = memory_of(owner).saturating_sub(before);
    assert!(more < 1 << 30, "{} MiB more", more >> 20);
    wire.ping();
}

/// The most memory that the process `pid` ever had.
fn memory_of(pid: u64) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
