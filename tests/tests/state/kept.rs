//! Stores: what a call wrote is there for the next when it has succeeded, and at no other time.

use serde_json::{Value as Json, json};
use vouchsafe_tests::Home;
use vouchsafe_tests::say::says;

const GRANT: &str = "grants/guests.keeper.toml";
const FILE: &str = "state/6c6f63616c.publisher.guests.keeper";

fn home(state: &str) -> Home {
    let home = Home::trusting(&["guests"]);
    home.with_granted_guest("keeper", state);
    home
}

/// What a tool of the keeper answered: its result, or its error.
#[track_caller]
fn ask(home: &Home, tool: &str, arguments: &Json) -> Result<Json, String> {
    let answer = home.call(&format!("keeper_{tool}"), arguments).json();
    match answer["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["output"]["result"].clone()),
    }
}

#[track_caller]
fn kept(home: &Home, key: &str) -> Json {
    ask(home, "get", &json!({ "key": key })).unwrap()
}

fn note(value: &str) -> Json {
    json!({ "key": "note", "value": value })
}

#[track_caller]
fn regrant(home: &Home, from: &str, to: &str) -> vouchsafe_tests::Run {
    let text = std::fs::read_to_string(home.config(GRANT)).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(home.config(GRANT), text.replace(from, to)).unwrap();
    home.apply()
}

#[test]
fn what_a_call_wrote_is_there_for_the_next_and_after_a_restart_and_is_sealed() {
    let home = home("[state.notes]\n");
    assert_eq!(kept(&home, "note"), Json::Null);
    ask(&home, "put", &note("a plain word")).unwrap();
    assert_eq!(kept(&home, "note"), "a plain word");
    home.stop();
    assert_eq!(kept(&home, "note"), "a plain word");
    home.stop();
    home.prove(&["keys", "rotate"]).ok();
    assert_eq!(kept(&home, "note"), "a plain word");
    let bytes = std::fs::read(home.data(FILE)).unwrap();
    let plain = |word: &[u8]| bytes.windows(word.len()).any(|at| at == word);
    assert!(!plain(b"a plain word") && !plain(b"note"));
    ask(&home, "remove", &json!({ "key": "note" })).unwrap();
    assert_eq!(kept(&home, "note"), Json::Null);
}

#[test]
fn a_call_that_does_not_succeed_keeps_nothing() {
    let home = home("[state.notes]\n");
    ask(&home, "put", &note("before")).unwrap();
    for (tool, ends) in [
        ("put-and-trap", "TRAP"),
        ("put-and-fail", "TOOL_ERROR"),
        ("put-and-spin", "OUT_OF_FUEL"),
    ] {
        let error = ask(&home, tool, &note("after")).unwrap_err();
        assert!(error.starts_with(ends), "{tool}: {error}");
        assert_eq!(kept(&home, "note"), "before", "{tool}");
    }
}

#[test]
fn a_tool_that_reads_writes_nothing() {
    let home = home("[state.notes]\n");
    let error = ask(&home, "put-in-read", &note("hidden")).unwrap_err();
    assert!(error.contains("access denied"), "{error}");
    let records = home.records(3);
    assert_eq!(
        (&records[1]["code"], &records[1]["action"]),
        (&json!("NOT_THIS_EFFECT"), &json!("state-write"))
    );
    assert_eq!(kept(&home, "note"), Json::Null);
}

#[test]
fn a_store_that_the_grant_does_not_name_does_not_open() {
    let home = home("[state.notes]\n");
    for name in ["more", "notes ", "", "../notes"] {
        let error = ask(&home, "other-store", &json!({ "name": name })).unwrap_err();
        assert!(error.contains("no such store"), "{name}: {error}");
    }
    let long = "x".repeat(100_000);
    let _ = ask(&home, "other-store", &json!({ "name": long })).unwrap_err();
    let record = home.records(2).swap_remove(0);
    assert!(record.to_string().len() < 4096, "{record}");
    ask(&home, "put", &note("kept")).unwrap();
    regrant(&home, "[state.notes]\n", "").ok();
    let error = ask(&home, "get", &json!({ "key": "note" })).unwrap_err();
    assert!(error.contains("no such store"), "{error}");
    let record = &home.records(2)[0];
    let detail = record["detail"].as_str().unwrap();
    assert!(detail.contains("add `[state.notes]`"), "{detail}");
}

#[test]
fn a_store_holds_what_is_granted_and_no_more() {
    let home = home("[state.notes]\n");
    let values = json!({ "values": 1000, "bytes": 100 });
    // 64 KiB by 8 bytes of key, 100 of value and 64 of its own.
    assert_eq!(ask(&home, "fill", &values), Ok(json!(381)));
    let keys = ask(&home, "keys", &json!({})).unwrap();
    assert_eq!(keys.as_array().unwrap().len(), 381);
    says(
        &regrant(&home, "[state.notes]", "[state.notes]\nsize = \"1 MiB\"").code(4),
        "the skill asks for 65536 bytes in `notes`, and no more",
    );
    regrant(&home, "size = \"1 MiB\"", "size = \"1 KiB\"").ok();
    let error = ask(&home, "put", &note("one more")).unwrap_err();
    assert!(error.contains("the store is full"), "{error}");
}

#[test]
fn what_is_written_is_recorded_inside_the_call_before_its_end() {
    let home = home("[state.notes]\n");
    ask(&home, "put", &note("a plain word")).unwrap();
    let records = home.records(4);
    let [call, write, written, ended] = &records[..] else {
        panic!("{records:?}");
    };
    assert_eq!(
        (&write["action"], &write["place"], &write["parent"]),
        (&json!("state-write"), &json!("notes"), &call["seq"])
    );
    let rule = write["rule"].as_str().unwrap();
    assert!(rule.starts_with(GRANT), "{rule}");
    assert!(write["input"]["hmac"].is_string());
    assert_eq!(
        (&written["of"], &written["status"]),
        (&write["seq"], &json!("ok"))
    );
    assert_eq!(
        (&ended["of"], &ended["status"]),
        (&call["seq"], &json!("ok"))
    );
    assert!(!format!("{records:?}").contains("a plain word"));
}

#[test]
fn of_two_calls_that_each_add_one_none_is_lost() {
    let home = home("[state.notes]\n");
    let add = |n: usize| {
        let input = home.path(&format!("add-{n}.json"));
        std::fs::write(&input, "{\"key\":\"sum\",\"work\":20000000}").unwrap();
        let input = input.to_str().unwrap();
        home.run(&["call", "keeper_add-slowly", "--input", input, "--json"])
            .json()
    };
    let answers: Vec<Json> = std::thread::scope(|scope| {
        let add = &add;
        let calls: Vec<_> = (0..8).map(|n| scope.spawn(move || add(n))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let (kept_back, added): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer["error"].is_string());
    for answer in &kept_back {
        let error = answer["error"].as_str().unwrap();
        assert!(error.starts_with("NOT_KEPT"), "{error}");
    }
    assert!(!added.is_empty(), "{answers:?}");
    assert_eq!(kept(&home, "sum"), json!(added.len().to_string()));
}

#[test]
fn what_was_changed_on_disk_is_not_read() {
    let home = home("[state.notes]\n");
    ask(&home, "put", &note("kept")).unwrap();
    let file = home.data(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = ask(&home, "get", &json!({ "key": "note" })).unwrap_err();
    assert!(error.contains("the host can't read it"), "{error}");
    let error = ask(&home, "put", &note("over it")).unwrap_err();
    assert!(error.contains("the host can't read it"), "{error}");
}
