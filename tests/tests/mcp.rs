//! MCP over stdio: what an agent's client sees, whatever it sends.
#![cfg(test)]

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value as Json, json};
use vouchsafe_tests::mcp::Session;
use vouchsafe_tests::wire::Wire;
use vouchsafe_tests::{Home, Sketch, Socket};

const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

fn with(guests: &[&str]) -> Home {
    let home = Home::trusting(&["guests", "acme"]);
    for guest in guests {
        home.with_guest(guest);
    }
    home
}

/// A home with a guest that never ends by itself, not even by its fuel, within this test's time.
fn with_endless(guests: &[&str]) -> Home {
    let home = with(guests);
    home.with_limited_guest("endless-loop", "fuel = 1000000000000");
    home
}

/// The outcomes in the newest records, as `(tool, status)`.
fn outcomes(home: &Home) -> Vec<(String, String)> {
    let text = |record: &Json, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let records = home.records(50).into_iter();
    let ended = records.filter(|record| record["kind"] == "outcome");
    ended
        .map(|record| (text(&record, "tool"), text(&record, "status")))
        .collect()
}

/// Waits until `tool` has an outcome.
fn outcome_of(home: &Home, tool: &str) -> String {
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        if let Some((_, status)) = outcomes(home).into_iter().rfind(|(name, _)| name == tool) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("`{tool}` has no outcome: {:?}", home.records(10));
}

/// Waits until a call of `tool` has begun.
fn begun(home: &Home, tool: &str) {
    let until = Instant::now() + Duration::from_secs(5);
    let began = |record: &Json| record["kind"] == "intent" && record["tool"] == *tool;
    while !home.records(50).iter().any(began) {
        assert!(Instant::now() < until, "`{tool}` does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn tool_error(answer: &Json) -> &str {
    let result = &answer["result"];
    assert_eq!(result["isError"], true, "{answer}");
    result["content"][0]["text"].as_str().expect("its text")
}

#[tokio::test]
async fn tools_have_the_names_and_schemas_of_their_wit_and_annotations_that_are_true() {
    let home = with(&["types"]);
    Sketch::new("acme:pay", "1.0.0", 1)
        .with("book", "write", 2)
        .with("pay", "irreversible", 3)
        .install(&home, "pay");
    let session = Session::start(&home).await;
    let tools = session.peer().list_all_tools().await.unwrap();
    let of = |name: &str| {
        tools
            .iter()
            .find(|tool| tool.name == *name)
            .expect("the tool")
    };

    let integers = of("types_same-integers");
    let schema = json!(integers.input_schema);
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], json!(["value"]));
    let fields = &schema["properties"]["value"]["properties"];
    assert_eq!(fields["a"]["maximum"], 255);
    assert!(fields["d"].to_string().contains("string"), "{fields}");
    let output = json!(integers.output_schema);
    assert_eq!(output["type"], "object");
    let told = of("types_fallible").description.clone().unwrap_or_default();
    assert!(told.contains("as a success or as a tool error"), "{told}");

    let hints = |name: &str| {
        let hints = of(name).annotations.clone().unwrap();
        (
            hints.read_only_hint,
            hints.destructive_hint,
            hints.open_world_hint,
        )
    };
    assert_eq!(
        hints("types_nothing"),
        (Some(true), Some(false), Some(false))
    );
    assert_eq!(hints("pay_sum"), (Some(true), Some(false), Some(false)));
    assert_eq!(hints("pay_book"), (Some(false), Some(false), Some(false)));
    assert_eq!(hints("pay_pay"), (Some(false), Some(true), Some(false)));
    let letters = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    assert!(
        tools
            .iter()
            .all(|tool| tool.name.len() <= 48 && letters(&tool.name))
    );
    assert!(session.end().await.success());
}

#[tokio::test]
async fn a_result_is_structured_and_names_its_record_and_what_it_took() {
    let home = with(&["echo"]);
    let session = Session::start(&home).await;
    let answer = session
        .call("echo_say", json!({ "text": "h\u{e9}llo" }))
        .await
        .unwrap();
    assert_eq!(answer.is_error, Some(false));
    assert_eq!(
        answer.structured_content,
        Some(json!({ "result": "h\u{e9}llo" }))
    );
    let answer = json!(answer);
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Json>(text).unwrap(),
        json!({ "result": "h\u{e9}llo" })
    );
    let (record, usage) = (
        &answer["_meta"]["dev.vouchsafe/record"],
        &answer["_meta"]["dev.vouchsafe/usage"],
    );
    assert!(
        usage["fuel"].as_u64() > Some(0) && usage["peak_memory_bytes"].as_u64() > Some(0),
        "{usage}"
    );
    let kept = home.records(1).remove(0);
    assert_eq!(
        (&kept["seq"], &kept["status"]),
        (&record["seq"], &json!("ok"))
    );
    session.end().await;
}

#[test]
fn what_is_wrong_with_the_arguments_is_a_tool_error_that_names_the_place() {
    let home = with(&["echo", "types"]);
    let mut wire = Wire::start(&home);
    let said =
        |wire: &mut Wire, arguments: Json| tool_error(&wire.call("echo_say", arguments)).to_owned();
    assert!(said(&mut wire, json!({ "text": 3 })).contains("/text"));
    assert!(said(&mut wire, json!({})).contains("`text`"));
    assert!(said(&mut wire, json!({ "text": "a", "more": 1 })).contains("`more`"));
    assert!(said(&mut wire, json!({ "text": "a".repeat(5 << 20) })).starts_with("ARGUMENTS"));

    let integers = |d: Json| json!({ "value": { "a": 1, "b": 2, "c": 3, "d": d, "e": -1, "f": -2, "g": -3, "h": -4, "yes": true } });
    for exact in [
        json!(9_007_199_254_740_991_u64),
        json!("18446744073709551615"),
    ] {
        let answer = wire.call("types_same-integers", integers(exact.clone()));
        let back = &answer["result"]["structuredContent"]["d"];
        assert_eq!(
            *back,
            json!(exact.to_string().trim_matches('"')),
            "{answer}"
        );
    }
    for beyond in [
        json!(9_007_199_254_740_993_u64),
        json!(u64::MAX),
        json!(1.5),
        json!("18446744073709551616"),
    ] {
        let answer = wire.call("types_same-integers", integers(beyond));
        assert!(tool_error(&answer).contains("/value/d"), "{answer}");
    }
    let failed = wire.call("types_fallible", json!({ "fail": true, "text": "x" }));
    assert!(tool_error(&failed).starts_with("TOOL_ERROR: "), "{failed}");
}

#[test]
fn what_is_no_request_is_a_protocol_error_with_its_id_and_the_session_goes_on() {
    let home = with(&["echo"]);
    let mut wire = Wire::start(&home);
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":5,"method":"ping","params":{}{}}}"#,
        "[".repeat(9000),
        "]".repeat(9000)
    );
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":5,"method":"{}"}}"#,
        "a".repeat(9 << 20)
    );
    let cases: &[(&[u8], i32, Json)] = &[
        (br#"{"jsonrpc":"#, -32700, Json::Null),
        (b"\0", -32700, Json::Null),
        (b"Content-Length: 20", -32700, Json::Null),
        (b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"\xff\"}", -32700, Json::Null),
        (br#"{"jsonrpc":"2.0","id":5,"id":6,"method":"ping"}"#, -32700, Json::Null),
        (br#"{"jsonrpc":"2.0","id":5,"i\u0064":6,"method":"ping"}"#, -32700, Json::Null),
        (br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo_say","arguments":{"text":"a","text":"b"}}}"#, -32700, json!(5)),
        (deep.as_bytes(), -32700, json!(5)),
        (long.as_bytes(), -32600, Json::Null),
        (br#"[{"jsonrpc":"2.0","id":5,"method":"ping"}]"#, -32600, Json::Null),
        (b"[]", -32600, Json::Null),
        (b"5", -32600, Json::Null),
        (br#"{"jsonrpc":"2.0","id":7}"#, -32600, json!(7)),
        (br#"{"id":9,"method":"ping"}"#, -32600, json!(9)),
        (br#"{"jsonrpc":"1.0","id":9,"method":"ping"}"#, -32600, json!(9)),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, Json::Null),
        (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600, Json::Null),
        (br#"{"jsonrpc":"2.0","id":"x","method":"no/such"}"#, -32601, json!("x")),
        (br#"{"jsonrpc":"2.0","id":10,"method":"tools/call"}"#, -32602, json!(10)),
        (br#"{"jsonrpc":"2.0","id":10,"method":"tools/call","params":{}}"#, -32602, json!(10)),
        (br#"{"jsonrpc":"2.0","id":10,"method":"tools/call","params":{"name":"echo_say","arguments":[1]}}"#, -32602, json!(10)),
        (br#"{"jsonrpc":"2.0","id":11,"method":"tools/call","params":{"name":"nobody","arguments":{}}}"#, -32602, json!(11)),
        (br#"{"jsonrpc":"2.0","id":12,"method":"tools/list","params":{"cursor":"echo_say"}}"#, -32602, json!(12)),
    ];
    for (line, code, id) in cases {
        let shown = String::from_utf8_lossy(line.get(..200).unwrap_or(line)).into_owned();
        wire.send(line);
        let answer = wire.hear();
        assert_eq!(answer["error"]["code"], *code, "{shown}: {answer}");
        assert_eq!(answer["id"], *id, "{shown}: {answer}");
        assert_eq!(
            wire.ask("ping", json!({}))["result"],
            json!({}),
            "after {shown}"
        );
    }
    wire.send(b"");
    wire.send(b"{\"jsonrpc\":\"2.0\",\"id\":\"y\",\"method\":\"ping\"}\r");
    assert_eq!(wire.hear()["id"], "y");
}

#[test]
fn a_message_without_an_id_is_never_answered_and_never_a_call() {
    let home = with(&["echo"]);
    let mut wire = Wire::start(&home);
    let before = home.records(100).len();
    for message in [
        json!({ "jsonrpc": "2.0", "method": "tools/call", "params": { "name": "echo_say", "arguments": { "text": "a" } } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/strange" }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 77 } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {} }),
        json!({ "jsonrpc": "2.0", "id": 77, "result": {} }),
    ] {
        wire.say(&message);
    }
    assert_eq!(wire.hear_within(Duration::from_millis(300)), None);
    assert_eq!(wire.ask("ping", json!({}))["result"], json!({}));
    assert_eq!(home.records(100).len(), before);
}

#[test]
fn a_long_call_reports_progress_to_who_asked_for_it() {
    let home = with(&["sleeper"]);
    let mut wire = Wire::start(&home);
    let arguments = json!({ "milliseconds": 1300 });
    let asking = json!({ "name": "sleeper_sleep", "arguments": arguments, "_meta": { "progressToken": "p" } });
    let id = wire.request("tools/call", asking);
    let (mut last, mut told) = (0.0, 0);
    loop {
        let news = wire.hear();
        if news["id"] == id {
            break;
        }
        assert_eq!(news["method"], "notifications/progress", "{news}");
        assert_eq!(news["params"]["progressToken"], "p");
        let progress = news["params"]["progress"].as_f64().unwrap();
        assert!(progress > last, "{news}");
        (last, told) = (progress, told + 1);
    }
    assert!(told >= 2, "told {told} times");
    let quiet = wire.request(
        "tools/call",
        json!({ "name": "sleeper_sleep", "arguments": { "milliseconds": 700 } }),
    );
    assert_eq!(wire.hear()["id"], quiet, "nobody asked");
}

#[test]
fn a_cancelled_call_ends_within_50_ms_and_is_recorded_as_cancelled() {
    let home = with_endless(&["sleeper"]);
    let mut wire = Wire::start(&home);
    let endless = ("endless-loop_run", "run", json!({}));
    let asleep = ("sleeper_sleep", "sleep", json!({ "milliseconds": 15_000 }));
    for (name, tool, arguments) in [endless, asleep] {
        // Neighbours on the machine are no fault of ours, so the best of a few counts.
        let mut best = Duration::MAX;
        for round in 1..=3 {
            let id = wire.request(
                "tools/call",
                json!({ "name": name, "arguments": arguments }),
            );
            let calls = |kind: &str| {
                home.records(50)
                    .iter()
                    .filter(|r| r["kind"] == kind && r["tool"] == tool)
                    .count()
            };
            while calls("intent") < round {
                std::thread::sleep(Duration::from_millis(20));
            }
            let cancelled = SystemTime::now();
            wire.say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }));
            while calls("outcome") < round {
                std::thread::sleep(Duration::from_millis(5));
            }
            let record = home
                .records(50)
                .into_iter()
                .rfind(|record| record["kind"] == "outcome")
                .unwrap();
            assert_eq!(record["status"], "cancelled", "{record}");
            let ended: jiff::Timestamp = record["time"].as_str().unwrap().parse().unwrap();
            let took = SystemTime::from(ended)
                .duration_since(cancelled)
                .unwrap_or_default();
            best = best.min(took);
        }
        assert!(best < Duration::from_millis(50), "{name}: {best:?}");
        assert_eq!(
            wire.ask("ping", json!({}))["result"],
            json!({}),
            "nothing else was said"
        );
    }
}

#[test]
fn every_revision_with_a_handshake_is_spoken() {
    let home = with(&["echo"]);
    for revision in REVISIONS {
        let mut wire = Wire::open(&home);
        let greeting = wire.greet(revision);
        assert_eq!(greeting["protocolVersion"], revision);
        assert_eq!(greeting["serverInfo"]["name"], "vouchsafe");
        assert_eq!(greeting["capabilities"]["tools"]["listChanged"], true);
        let list = wire.ask("tools/list", json!({}));
        assert_eq!(list["result"]["tools"][0]["name"], "echo_say", "{list}");
        let answer = wire.call("echo_say", json!({ "text": revision }));
        assert_eq!(
            answer["result"]["structuredContent"]["result"], revision,
            "{answer}"
        );
    }
    for unheard in ["1999-01-01", "2026-07-28", "latest"] {
        let agreed = Wire::open(&home).greet(unheard)["protocolVersion"].clone();
        assert_eq!(agreed, "2025-11-25", "{unheard}");
    }
}

#[test]
fn the_revision_without_a_handshake_is_spoken_request_by_request() {
    let home = with(&["echo"]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "wire", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let mut wire = Wire::open(&home);
    let found = wire.ask("server/discover", json!({ "_meta": meta }));
    let spoken = found["result"]["supportedVersions"].as_array().unwrap();
    assert!(
        REVISIONS
            .iter()
            .chain(&["2026-07-28"])
            .all(|revision| spoken.contains(&json!(revision))),
        "{found}"
    );
    let list = wire.ask("tools/list", json!({ "_meta": meta }));
    assert_eq!(list["result"]["tools"][0]["name"], "echo_say", "{list}");
    let call = json!({ "_meta": meta, "name": "echo_say", "arguments": { "text": "a" } });
    let answer = wire.ask("tools/call", call.clone());
    assert_eq!(
        answer["result"]["structuredContent"]["result"], "a",
        "{answer}"
    );
    assert_eq!(answer["result"]["resultType"], "complete");
    let bare = wire.call("echo_say", json!({ "text": "a" }));
    assert_eq!(bare["error"]["code"], -32602, "{bare}");

    let mut first = Wire::open(&home);
    assert_eq!(first.ask("tools/call", call)["result"]["isError"], false);

    let wanted = json!({ "_meta": meta, "notifications": { "toolsListChanged": true } });
    let subscription = wire.request("subscriptions/listen", wanted);
    let told = wire.hear();
    assert_eq!(
        told["method"], "notifications/subscriptions/acknowledged",
        "{told}"
    );
    Sketch::new("acme:more", "1.0.0", 1).install(&home, "more");
    let news = wire.hear();
    assert_eq!(news["method"], "notifications/tools/list_changed", "{news}");
    assert_eq!(
        news["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        subscription
    );
    let unasked = first.hear_within(Duration::from_millis(200));
    assert_eq!(unasked, None, "it did not subscribe");
}

#[test]
fn the_end_of_input_ends_the_bridge_well_and_its_calls_with_it() {
    let home = with_endless(&["echo"]);
    let (status, took) = Wire::start(&home).end();
    assert!(
        status.success() && took < Duration::from_millis(900),
        "{status} {took:?}"
    );

    // An answer under way still comes.
    let mut wire = Wire::start(&home);
    let id = wire.request(
        "tools/call",
        json!({ "name": "echo_say", "arguments": { "text": "a" } }),
    );
    wire.hang_up();
    assert_eq!(wire.hear()["id"], id);
    assert!(wire.wait().0.success());

    let mut wire = Wire::start(&home);
    wire.request(
        "tools/call",
        json!({ "name": "endless-loop_run", "arguments": {} }),
    );
    begun(&home, "run");
    let (status, took) = wire.end();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(outcome_of(&home, "run"), "cancelled");
}

#[test]
fn a_bridge_that_is_killed_leaves_no_call_running() {
    let home = with_endless(&[]);
    let mut wire = Wire::start(&home);
    wire.request(
        "tools/call",
        json!({ "name": "endless-loop_run", "arguments": {} }),
    );
    begun(&home, "run");
    wire.kill();
    assert_eq!(outcome_of(&home, "run"), "cancelled");
}

#[test]
fn what_a_guest_prints_never_reaches_the_stream() {
    let home = with(&["stdout-flood"]);
    let mut wire = Wire::start(&home);
    let id = wire.request(
        "tools/call",
        json!({ "name": "stdout-flood_frame", "arguments": {} }),
    );
    let answer = wire.hear();
    assert_eq!(
        (&answer["id"], &answer["result"]["isError"]),
        (&json!(id), &json!(false)),
        "{answer}"
    );
    let id = wire.request(
        "tools/call",
        json!({ "name": "stdout-flood_print", "arguments": { "lines": 5000 } }),
    );
    assert_eq!(wire.hear()["id"], id);
    assert_eq!(wire.hear_within(Duration::from_millis(200)), None);
}

#[test]
fn three_clients_a_call_and_a_verification_work_at_the_same_time() {
    let home = with(&["echo"]);
    std::thread::scope(|scope| {
        for client in 0..3 {
            let home = &home;
            scope.spawn(move || {
                let mut wire = Wire::start(home);
                for number in 0..100 {
                    let text = format!("{client}/{number}");
                    let answer = wire.call("echo_say", json!({ "text": text }));
                    assert_eq!(answer["result"]["structuredContent"]["result"], text);
                }
            });
        }
        for _ in 0..3 {
            let called = home
                .run(&["call", "echo_say", "text=x", "--json"])
                .ok()
                .json();
            assert_eq!(called["output"]["result"], "x");
            home.run(&["audit", "verify"]).ok();
        }
    });
    home.run(&["audit", "verify"]).ok();
    let answered = outcomes(&home);
    assert!(
        answered.iter().all(|(_, status)| status == "ok"),
        "{answered:?}"
    );
}

#[test]
fn one_session_answers_many_calls_at_once_each_under_its_id() {
    let home = with(&["echo"]);
    let mut wire = Wire::start(&home);
    let ids: BTreeSet<u64> = (0..200)
        .map(|n| {
            wire.request(
                "tools/call",
                json!({ "name": "echo_say", "arguments": { "text": n.to_string() } }),
            )
        })
        .collect();
    let first = *ids.first().unwrap();
    let mut answered = BTreeSet::new();
    for _ in &ids {
        let answer = wire.hear();
        let id = answer["id"].as_u64().unwrap();
        assert_eq!(
            answer["result"]["structuredContent"]["result"],
            (id - first).to_string()
        );
        answered.insert(id);
    }
    assert_eq!(answered, ids);
}

#[test]
fn tools_that_come_and_go_are_announced() {
    let home = with(&["echo"]);
    let mut wire = Wire::start(&home);
    let names = |wire: &mut Wire| wire.ask("tools/list", json!({}))["result"]["tools"].to_string();
    assert!(!names(&mut wire).contains("more_sum"));
    Sketch::new("acme:more", "1.0.0", 1).install(&home, "more");
    assert_eq!(wire.hear()["method"], "notifications/tools/list_changed");
    assert!(names(&mut wire).contains("more_sum"));
    home.run(&["disable", "acme:more"]).ok();
    assert!(!names(&mut wire).contains("more_sum"));
    let gone = wire.call("more_sum", json!({}));
    assert_eq!(gone["error"]["code"], -32602, "{gone}");
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let home = with(&[]);
    for skill in 0..3 {
        let sketch = Sketch::new(&format!("acme:many{skill}"), "1.0.0", 1);
        let all = (0..79).fold(sketch, |all, n| all.with(&format!("number{n}"), "read", n));
        all.install(&home, &format!("many{skill}"));
    }
    let session = Session::start(&home).await;
    let first = session.peer().list_tools(None).await.unwrap();
    assert_eq!(first.tools.len(), 200);
    assert!(first.next_cursor.is_some());
    let names = session.tools().await;
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!((names.len(), distinct.len()), (240, 240));
    session.end().await;
}

#[test]
fn a_session_ends_with_its_owner_and_the_next_finds_a_new_one() {
    let home = with_endless(&["echo"]);
    let wire = Wire::start(&home);
    home.stop();
    assert!(wire.wait().0.success());

    let mut wire = Wire::start(&home);
    assert_eq!(
        wire.call("echo_say", json!({ "text": "a" }))["result"]["isError"],
        false
    );
    wire.request(
        "tools/call",
        json!({ "name": "endless-loop_run", "arguments": {} }),
    );
    begun(&home, "run");
    kill_owner(&home);
    wire.wait();

    let mut wire = Wire::start(&home);
    assert_eq!(
        wire.call("echo_say", json!({ "text": "b" }))["result"]["isError"],
        false
    );
    home.run(&["audit", "verify"]).ok();
    let unknown = home
        .records(50)
        .into_iter()
        .filter(|record| record["kind"] == "unknown");
    assert_eq!(unknown.count(), 1, "the call that the owner took with it");
}

fn kill_owner(home: &Home) {
    let pid = Socket::open(home).ask(&json!({ "do": "ping" })).unwrap()["pid"]
        .as_i64()
        .unwrap();
    let kill = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

#[test]
fn clients_that_start_an_absent_owner_at_the_same_moment_find_the_same_one() {
    let home = with(&["echo"]);
    home.stop();
    let answers = std::thread::scope(|scope| {
        let clients = (0..4)
            .map(|_| scope.spawn(|| Wire::start(&home).call("echo_say", json!({ "text": "a" }))));
        let clients: Vec<_> = clients.collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect::<Vec<_>>()
    });
    let seqs: BTreeSet<_> = answers
        .iter()
        .map(|answer| {
            answer["result"]["_meta"]["dev.vouchsafe/record"]["seq"]
                .as_u64()
                .expect("a record")
        })
        .collect();
    assert_eq!(seqs.len(), 4, "one log: {answers:?}");
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn an_owner_ends_when_it_is_idle_and_not_before() {
    let home = with(&["echo"]);
    home.stop();
    let mut owner = home
        .command(&["__owner", "--idle", "1"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while !home.data("owner.sock").exists() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut wire = Wire::start(&home);
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(owner.try_wait().unwrap(), None, "it has a client");
    assert_eq!(
        wire.call("echo_say", json!({ "text": "a" }))["result"]["isError"],
        false
    );
    wire.end();
    let ended = Instant::now();
    assert!(owner.wait().unwrap().success());
    assert!(
        ended.elapsed() < Duration::from_secs(4),
        "{:?}",
        ended.elapsed()
    );
    assert!(!home.data("owner.sock").exists());
}

#[test]
fn each_clients_configuration_is_printed_as_that_client_wants_it() {
    let home = Home::empty();
    let print = |client: &str| home.run(&["mcp", "--print", client]).ok().stdout;
    let server =
        &serde_json::from_str::<Json>(&print("claude")).unwrap()["mcpServers"]["vouchsafe"];
    let command = server["command"].as_str().unwrap();
    assert!(std::path::Path::new(command).is_absolute(), "{command}");
    assert_eq!(server["args"], json!(["mcp", "--home", home.home()]));
    let vscode: Json = serde_json::from_str(&print("vscode")).unwrap();
    assert_eq!(vscode["servers"]["vouchsafe"]["type"], "stdio");
    assert!(print("codex").starts_with("[mcp_servers.vouchsafe]\ncommand = \"/"));
}

#[test]
fn a_call_whose_skill_is_switched_off_is_recorded_as_killed() {
    let home = with_endless(&[]);
    let mut wire = Wire::start(&home);
    let call = json!({ "name": "endless-loop_run", "arguments": {} });
    let id = wire.request("tools/call", call);
    begun(&home, "run");
    home.run(&["disable", "endless-loop"]).ok();
    assert_eq!(outcome_of(&home, "run"), "killed");
    let answer = loop {
        let heard = wire.hear();
        if heard["id"] == id {
            break heard;
        }
    };
    assert_eq!(
        tool_error(&answer),
        "KILLED: the call was ended by the operator"
    );
}
