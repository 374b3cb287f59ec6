//! Each guest, and what the host makes of it.
#![cfg(test)]

#[macro_use]
#[path = "../guests/list.rs"]
mod list;

use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};
use vouchsafe_tests::{Home, Run, wasm};

const MIB: u64 = 1 << 20;

/// A home with the guest `name` installed.
fn with(name: &str) -> Home {
    let home = Home::trusting(&["guests"]);
    home.with_guest(name);
    home
}

/// A home with the guest `name` installed under a grant of its own.
fn with_grant(name: &str, http: &str) -> Home {
    let home = Home::trusting(&["guests"]);
    home.with_granted_guest(name, http);
    home
}

/// The result of a call that succeeds.
#[track_caller]
fn result(home: &Home, tool: &str, arguments: Json) -> Json {
    let answer = home.call(tool, &arguments).ok().json();
    answer["output"]["result"].clone()
}

/// The error of a call that ran and failed.
#[track_caller]
fn failure(home: &Home, tool: &str, arguments: Json) -> String {
    error(home.call(tool, &arguments).code(5))
}

#[track_caller]
fn error(run: Run) -> String {
    let error = run.json()["error"].clone();
    error.as_str().expect("an error").to_owned()
}

/// Packs a guest that must be refused; gives the reason.
#[track_caller]
fn pack_refused(name: &str) -> String {
    let home = Home::empty();
    let source = wasm::guest_source(name);
    let packed = home.path("packed.wasm");
    let began = Instant::now();
    let run = home.pack(&source, &wasm::component(name), &packed);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_ne!(run.code, 0);
    assert!(!packed.exists());
    run.stderr
}

/// Calls a guest whose code the engine must refuse; gives the reason.
#[track_caller]
fn load_refused(name: &str) -> String {
    let home = with(name);
    let began = Instant::now();
    let reason = error(home.call(&format!("{name}_run"), &json!({})).code(4));
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert!(reason.starts_with("NOT_LOADED"), "{reason}");
    assert!(
        home.records(1)[0]["kind"] != "intent",
        "nothing ran, so there is no intent"
    );
    reason
}

#[track_caller]
fn contains(text: &str, part: &str) {
    assert!(text.contains(part), "no `{part}` in: {text}");
}

#[test]
fn asker() {
    let home = with_grant("asker", "");
    let arguments = json!({ "sender": "anna", "document": "x" });
    contains(&failure(&home, "asker_classify", arguments), "Denied");
}

#[test]
fn deep_recursion() {
    let home = with("deep-recursion");
    let descend = |depth: u64| json!({ "depth": depth });
    assert_eq!(
        result(&home, "deep-recursion_descend", descend(1000)),
        "1000"
    );
    let ended = failure(&home, "deep-recursion_descend", descend(100_000_000));
    contains(
        &ended,
        "TRAP: the skill failed: wasm trap: call stack exhausted",
    );
    assert_eq!(
        result(&home, "deep-recursion_descend", descend(1000)),
        "1000"
    );
}

#[test]
fn echo() {
    let home = with("echo");
    for text in [
        "",
        "hi",
        "å 🧾 \u{202e}x\u{0}\u{7f}\r\n\"\\",
        "e\u{301} is not é",
        &"🧾".repeat(10_000),
    ] {
        assert_eq!(result(&home, "echo_say", json!({ "text": text })), text);
    }
}

#[test]
fn endless_loop() {
    let home = with("endless-loop");
    let ended = failure(&home, "endless-loop_run", json!({}));
    contains(
        &ended,
        "OUT_OF_FUEL: the skill used up its fuel of 1000000000",
    );
    let [outcome] = &home.records(1)[..] else {
        panic!("no record")
    };
    assert_eq!(outcome["status"], "limit");
    assert_eq!(outcome["fuel"], 1_000_000_000);
    assert_eq!(
        result(&home, "endless-loop_say", json!({ "text": "alive" })),
        "alive"
    );
}

#[test]
fn env_reader() {
    let home = with("env-reader");
    home.run(&["stop"]).ok();
    let variables = [
        ("VOUCHSAFE_TEST_SECRET", "in the environment"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
    ];
    let started = home.command(&["list"]).envs(variables).output().unwrap();
    assert!(started.status.success());
    let mut sight = home.call("env-reader_look", &json!({})).ok().json()["output"].clone();
    let now: u64 = sight["now"].as_str().unwrap().parse().unwrap();
    let real = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs();
    assert!(real.abs_diff(now) < 60, "{now} is not {real}");
    sight["now"].take();
    let nothing = json!({
        "variables": [], "arguments": [], "directory": null, "preopens": 0, "input": "", "terminals": 0, "now": null,
    });
    assert_eq!(sight, nothing);

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let tried = result(
        &home,
        "env-reader_connect",
        json!({ "address": "localhost", "port": port }),
    );
    let tried: Vec<&str> = tried
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step.as_str().unwrap())
        .collect();
    assert_eq!(tried.len(), 3);
    assert!(tried.iter().all(|step| !step.contains("OPEN")), "{tried:?}");
    assert!(listener.accept().is_err(), "somebody connected");

    let here = home.path("passphrase");
    for path in [
        "/etc/passwd",
        "passwd",
        ".",
        "/proc/self/environ",
        here.to_str().unwrap(),
    ] {
        contains(
            &failure(&home, "env-reader_open", json!({ "path": path })),
            "TOOL_ERROR",
        );
    }
}

#[test]
fn handle_hog() {
    let home = with("handle-hog");
    let count = |count: u32| json!({ "count": count });
    let headers = |count: u32, bytes: u32| json!({ "count": count, "bytes": bytes });
    // Just below each bound, just above it, and far beyond. A pollable takes two places.
    for (tool, below, above) in [
        ("pollables", count(250), vec![count(300), count(100_000)]),
        ("streams", count(450), vec![count(550), count(100_000)]),
        (
            "headers",
            headers(10, 3000),
            vec![
                headers(10, 3500),
                headers(100_000, 1000),
                headers(10, 1_000_000),
            ],
        ),
    ] {
        let tool = format!("handle-hog_{tool}");
        assert_eq!(result(&home, &tool, below.clone()), below["count"]);
        for arguments in above {
            let ended = failure(&home, &tool, arguments);
            // What goes over at once has a bound of its own.
            assert!(
                ended.starts_with("TRAP: ") || ended.starts_with("OUTPUT: "),
                "{ended}"
            );
        }
    }
}

#[test]
fn huge_output() {
    let home = with("huge-output");
    let most = 4 * MIB - 100;
    let text = result(&home, "huge-output_text", json!({ "bytes": most }));
    assert_eq!(text.as_str().unwrap().len() as u64, most);
    let letters = result(&home, "huge-output_letters", json!({ "count": 1_000_000 }));
    assert_eq!(letters.as_str().unwrap().chars().count(), 1_000_001);
    for (tool, arguments) in [
        ("huge-output_text", json!({ "bytes": 4 * MIB + 1 })),
        ("huge-output_text", json!({ "bytes": 60_000_000 })),
        ("huge-output_letters", json!({ "count": MIB })),
        (
            "huge-output_nested",
            json!({ "lists": 1000, "numbers": 1000 }),
        ),
        ("huge-output_fails", json!({ "bytes": 5_000_000 })),
    ] {
        contains(
            &failure(&home, tool, arguments),
            "OUTPUT: the result is refused",
        );
        let [outcome] = &home.records(1)[..] else {
            panic!("no record")
        };
        assert_eq!(outcome["status"], "limit");
    }
}

#[test]
fn kinds_of_work() {
    let home = with("kinds-of-work");
    assert_eq!(
        result(&home, "kinds-of-work_calls", json!({ "n": 20 })),
        "6765"
    );
    for tool in ["calls", "arithmetic", "sorting", "strings"] {
        let fuel = |n: u32| {
            let answer = home
                .call(&format!("kinds-of-work_{tool}"), &json!({ "n": n }))
                .ok()
                .json();
            answer["usage"]["fuel"].as_u64().unwrap()
        };
        let (little, much) = (fuel(10), fuel(20));
        assert!(0 < little && little < much, "{tool}: {little}, {much}");
        assert_eq!(fuel(10), little, "the same work takes the same fuel");
    }
}

#[test]
fn log_flood() {
    let home = with("log-flood");
    let began = Instant::now();
    let flood = json!({ "count": 20_000, "bytes": 3000 });
    let answer = home.call("log-flood_lines", &flood).ok().json();
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(answer["output"]["result"], 20_000);
    let lines = answer["lines"].as_array().unwrap();
    let flooded = |line: &&Json| line.as_str().unwrap().contains("xxxx");
    assert_eq!(lines.iter().filter(flooded).count(), 200);
    for line in lines {
        assert!(line.as_str().unwrap().len() < 2100, "{line}");
    }

    let answer = home.call("log-flood_control", &json!({})).ok().json();
    let lines = answer["lines"].as_array().unwrap();
    let forged: Vec<&str> = lines.iter().map(|line| line.as_str().unwrap()).collect();
    let [first, second] = forged[..] else {
        panic!("{forged:?}")
    };
    assert_eq!(first, "error: first");
    contains(second, "error: ERROR forged by the guest");
    contains(second, "\\u{1b}[31mred\\u{202e}backwards\\u{0}");
    assert!(second.chars().all(|c| !c.is_control() && c != '\u{202e}'));
}

#[test]
fn long_start() {
    let home = with("long-start");
    let ended = failure(&home, "long-start_say", json!({ "text": "hi" }));
    contains(&ended, "OUT_OF_FUEL");
}

#[test]
fn memory_hog() {
    let home = with("memory-hog");
    let answer = home.call("memory-hog_grow", &json!({})).ok().json();
    let held = answer["output"]["result"].as_u64().unwrap();
    assert!((50..64).contains(&held), "{held} MiB");
    let peak = answer["usage"]["peak_memory_bytes"].as_u64().unwrap();
    assert!((held * MIB..=64 * MIB).contains(&peak), "{peak} bytes");
    let ended = failure(&home, "memory-hog_hold", json!({ "mebibytes": 65 }));
    contains(
        &ended,
        "OUT_OF_MEMORY: the skill failed after it was refused memory beyond its limit of 67108864 bytes",
    );
    let [outcome] = &home.records(1)[..] else {
        panic!("no record")
    };
    assert_eq!(outcome["status"], "limit");
    assert_eq!(
        result(&home, "memory-hog_hold", json!({ "mebibytes": 40 })),
        40
    );
}

#[test]
fn panics() {
    let home = with("panics");
    for (tool, arguments, says) in [
        (
            "panics_panic",
            json!({ "message": "SAID-IN-PANIC" }),
            "`unreachable` instruction executed",
        ),
        ("panics_trap", json!({ "kind": 0 }), "wasm trap"),
        ("panics_trap", json!({ "kind": 1 }), "wasm trap"),
        ("panics_trap", json!({ "kind": 2 }), "wasm trap"),
        (
            "panics_exit",
            json!({ "success": true }),
            "exited with status 0 instead of answering",
        ),
        (
            "panics_exit",
            json!({ "success": false }),
            "exited with status 1 instead of answering",
        ),
    ] {
        let ended = failure(&home, tool, arguments);
        contains(&ended, says);
        assert!(
            ended.starts_with("TRAP: ") && !ended.contains("SAID-IN-PANIC"),
            "{ended}"
        );
        let [outcome] = &home.records(1)[..] else {
            panic!("no record")
        };
        assert_eq!(outcome["status"], "trapped");
    }
}

#[test]
fn random() {
    let home = with("random");
    let bytes = |count: u64| json!({ "count": count });
    let first = result(&home, "random_bytes", bytes(32));
    assert_ne!(first, result(&home, "random_bytes", bytes(32)));
    assert_eq!(first.as_str().unwrap().len(), 44);
    let order = || result(&home, "random_order", json!({ "entries": 100 }));
    assert_ne!(order(), order(), "each instance has seeds of its own");
    home.call("random_bytes", &bytes(64 << 10)).ok();
    for count in [(64 << 10) + 1, 1 << 40] {
        contains(
            &failure(&home, "random_bytes", bytes(count)),
            "TRAP: the skill failed: requested len",
        );
    }
}

#[test]
fn resource_tool() {
    let reason = pack_refused("resource-tool");
    contains(
        &reason,
        "`guests:resource-tool/handles@0.1.0#open` can be no tool: `->` is a resource",
    );
    contains(&reason, "world.wit:9");
}

#[test]
fn sleeper() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("sleeper", "time = \"300ms\"");
    home.warm("sleeper_sleep", &json!({ "milliseconds": 1 }));
    let answer = home
        .call("sleeper_sleep", &json!({ "milliseconds": 50 }))
        .ok()
        .json();
    assert!(
        answer["usage"]["wall_ms"].as_f64().unwrap() >= 50.0,
        "{answer}"
    );
    let polled = json!({ "milliseconds": 10, "timers": 6 });
    assert!(result(&home, "sleeper_poll", polled).as_u64().unwrap() >= 1);
    for (tool, arguments) in [
        (
            "sleeper_sleep",
            json!({ "milliseconds": u64::MAX / 2_000_000 }),
        ),
        (
            "sleeper_poll",
            json!({ "milliseconds": 3_600_000, "timers": 100 }),
        ),
    ] {
        let began = Instant::now();
        let ended = failure(&home, tool, arguments);
        contains(
            &ended,
            "DEADLINE: the call was ended at its deadline of 300 ms",
        );
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "{:?}",
            began.elapsed()
        );
        let [outcome] = &home.records(1)[..] else {
            panic!("no record")
        };
        assert_eq!(outcome["status"], "deadline");
    }
}

#[test]
fn stdout_flood() {
    let home = with("stdout-flood");
    let printed = home
        .call("stdout-flood_print", &json!({ "lines": 10_000 }))
        .ok();
    assert_eq!(printed.json()["output"]["result"], 10_000);
    let framed = home.call("stdout-flood_frame", &json!({})).ok();
    assert_eq!(framed.json()["output"]["result"], "printed");
    for run in [printed, framed] {
        // The operator is shown the guest's words, as lines that say so, and nowhere else.
        let mut answer = run.json();
        for line in answer["lines"].take().as_array().unwrap() {
            let line = line.as_str().unwrap();
            assert!(
                line.starts_with("stdout: ") || line.starts_with("stderr: "),
                "{line}"
            );
        }
        let all = answer.to_string() + &run.stderr;
        assert!(!all.contains("GUEST-") && !all.contains("forged"), "{all}");
    }
}

#[test]
fn teller() {
    let home = with_grant("teller", "");
    let arguments = json!({ "statement": "who", "values": [] });
    contains(&failure(&home, "teller_look", arguments), "Denied");
}

#[test]
fn types() {
    let home = with("types");
    let shape = json!({ "rectangle": [1.5, -2.25] });
    let leaf = json!({ "name": "å", "shape": "point", "when": "18446744073709551615" });
    for (tool, value) in [
        (
            "integers",
            json!({
                "a": 255, "b": 65535, "c": 4_294_967_295_u32, "d": "18446744073709551615", "e": -128, "f": -32768,
                "g": -2_147_483_648_i32, "h": "-9223372036854775808", "yes": true,
            }),
        ),
        (
            "floats",
            json!({ "single": 0.5, "double": 1.797_693_134_862_315_7e308 }),
        ),
        (
            "texts",
            json!({ "letter": "🧾", "text": "\u{0}\u{ffff}", "bytes": "AP+A" }),
        ),
        (
            "collections",
            json!({ "numbers": ["1", "9007199254740993"], "rows": [[], ["a", ""]], "pair": [7, "b"], "none": [] }),
        ),
        (
            "options",
            json!({ "plain": 1, "nested": { "some": null }, "of-list": ["x"] }),
        ),
        (
            "outcomes",
            json!({ "both": { "error": "e" }, "only-ok": { "ok": 3 }, "only-error": { "ok": null }, "neither": { "error": null } }),
        ),
        (
            "choices",
            json!({ "shape": shape, "colour": "green", "permission": ["read", "execute"] }),
        ),
        (
            "branch",
            json!({ "leaves": [leaf, leaf], "best": leaf, "outcome": { "error": "blue" } }),
        ),
    ] {
        let answer = home
            .call(&format!("types_same-{tool}"), &json!({ "value": value }))
            .ok()
            .json();
        assert_eq!(answer["output"], value, "{tool}");
    }
    let fallible = |fail: bool| json!({ "fail": fail, "text": "t" });
    assert_eq!(result(&home, "types_fallible", fallible(false)), "t");
    assert_eq!(
        failure(&home, "types_fallible", fallible(true)),
        "TOOL_ERROR: {\"named\":\"t\"}"
    );
    assert_eq!(
        home.call("types_nothing", &json!({})).ok().json()["output"],
        json!({})
    );
}

#[test]
fn update_old() {
    let home = with("update-old");
    assert_eq!(
        result(&home, "update_greet", json!({ "name": "Ada" })),
        "Good day, Ada."
    );
}

#[test]
fn upcaller() {
    let home = with_grant("upcaller", "");
    let arguments = json!({ "name": "tickets", "input": "{}" });
    contains(&failure(&home, "upcaller_file", arguments), "Denied");
}

#[test]
fn update_new() {
    let home = Home::trusting(&["guests"]);
    let old = home.with_guest("update-old");
    let new = home.pack_guest("update-new");
    home.sign(&new);
    let diff = home
        .run(&["diff", old.to_str().unwrap(), new.to_str().unwrap()])
        .code(3);
    for line in ["read -> write", "POST /greetings", "Tells nobody else."] {
        contains(&diff.stdout, line);
    }
    // Only the operator knows the rest of its grant: that is a draft, and the old one goes on.
    contains(
        &home.install(&new).code(4).stderr,
        "drafts/guests.update.toml",
    );
    assert!(home.config("drafts/guests.update.toml").exists());
    assert_eq!(
        result(&home, "update_greet", json!({ "name": "Ada" })),
        "Good day, Ada."
    );
    let listed = home.run(&["list", "--json"]).ok().json();
    for skill in listed.as_array().unwrap() {
        assert!(
            skill["version"] == "1.0.0" || skill["state"] != "on",
            "{skill}"
        );
    }
}

#[test]
fn world_function() {
    let home = with("world-function");
    assert_eq!(
        result(&home, "world-function_shout", json!({ "text": "hi" })),
        "HI"
    );
    assert_eq!(
        result(&home, "world-function_whisper", json!({ "text": "HI" })),
        "hi"
    );
    assert_eq!(
        result(
            &home,
            "world-function_count",
            json!({ "text": "e\u{301}🧾" })
        ),
        "3"
    );
}

#[test]
fn writer_in_read() {
    let home = with("writer-in-read");
    let ended = failure(&home, "writer-in-read_post", json!({}));
    contains(&ended, "HttpRequestDenied");
    let records = home.records(3);
    let kinds: Vec<_> = records
        .iter()
        .map(|record| record["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["intent", "refusal", "outcome"]);
    assert_eq!(records[1]["code"], "NOT_THIS_EFFECT");
}

#[test]
fn raw_http() {
    let home = with_grant(
        "raw-http",
        "[http.target]\nurl = \"https://target.example\"",
    );
    let request = |authority: &str| {
        json!({
            "method": "GET", "scheme": "https", "authority": authority, "path": "/", "headers": [], "body": "",
        })
    };
    let ended = failure(
        &home,
        "raw-http_look",
        json!({ "request": request("elsewhere.example") }),
    );
    contains(&ended, "HttpRequestDenied");
    let told = result(&home, "raw-http_where-is", json!({ "name": "target" }));
    assert_eq!(told, json!(["https://target.example/", ["target"]]));
}

#[test]
fn named_http() {
    let home = with_grant(
        "named-http",
        "[http.files]\nurl = \"https://files.example\"",
    );
    let ended = failure(&home, "named-http_status", json!({ "payment": "1" }));
    contains(&ended, "no destination `bank` is granted");
}

#[test]
fn keeper() {
    let home = with_grant("keeper", "[state.notes]");
    let note = json!({ "key": "a", "value": "b" });
    home.call("keeper_put", &note).ok();
    assert_eq!(result(&home, "keeper_get", json!({ "key": "a" })), "b");
}

#[test]
fn filer() {
    let home = Home::trusting(&["guests"]);
    let folder = home.path("inbox");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a"), "b").unwrap();
    let grant = format!("[files.inbox]\npath = \"{}\"", folder.display());
    home.with_granted_guest("filer", &grant);
    let path = json!({ "path": "/inbox/a" });
    assert_eq!(result(&home, "filer_read", path), "b");
}

#[test]
fn settings_reader() {
    let home = with_grant("settings-reader", "[settings]\nrate = \"9\"");
    let all = result(&home, "settings-reader_all", json!({}));
    assert_eq!(all, json!([["currency", "EUR"], ["rate", "9"]]));
}

#[test]
fn wat_big_memory() {
    contains(
        &pack_refused("wat-big-memory"),
        "4294967296 bytes of memory at the start",
    );
}

#[test]
fn wat_big_table() {
    contains(
        &pack_refused("wat-big-table"),
        "100000000 table elements at the start",
    );
}

#[test]
fn wat_bulk_work() {
    let home = with("wat-bulk-work");
    let began = Instant::now();
    let ended = failure(&home, "wat-bulk-work_run", json!({}));
    contains(&ended, "OUT_OF_FUEL");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn wat_many_memories() {
    contains(
        &load_refused("wat-many-memories"),
        "exceeds the per-instance limit of 16",
    );
}

#[test]
fn wat_many_instances() {
    contains(
        &load_refused("wat-many-instances"),
        "501 core module instances",
    );
}

#[test]
fn wat_nested_component() {
    contains(
        &pack_refused("wat-nested-component"),
        "instances that its components make of one another",
    );
}

#[test]
fn wat_start_loop() {
    let home = with("wat-start-loop");
    contains(
        &failure(&home, "wat-start-loop_run", json!({})),
        "OUT_OF_FUEL",
    );
}

#[test]
fn wat_table_grower() {
    let home = with("wat-table-grower");
    let places = result(&home, "wat-table-grower_run", json!({}));
    assert!(places.as_u64().unwrap() <= 50_000, "{places}");
}

#[test]
fn wat_utf16() {
    contains(&pack_refused("wat-utf16"), "`utf16`");
}

/// What it asks of others is in `callee.rs`.
#[test]
fn asks_records() {
    let named = "[skills.\"guests:gives-records/records\"]\nskill = \"guests:gives-records\"\npublisher = \"publisher\"";
    let home = with("gives-records");
    home.with_granted_guest("asks-records", named);
    assert_eq!(result(&home, "asks-records_count", json!({})), 3);
}

#[test]
fn gives_records() {
    assert_eq!(
        result(&with("gives-records"), "gives-records_count", json!({})),
        3
    );
}

for_each_guest!(assert_tested);
