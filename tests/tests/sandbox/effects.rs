//! An effect is what the host lets happen, not what a tool says of itself.

use super::wire::Wire;
use super::{call, with};
use serde_json::{Value as Json, json};
use std::net::TcpListener;
use vouchsafe_tests::Home;

const SKILL: &str = "writer-in-read";

/// Calls `tool` and gives the records of that call: intent, refusal, outcome.
#[track_caller]
fn records_of(home: &Home, tool: &str, arguments: &Json) -> [Json; 3] {
    let refused = call(home, &format!("{SKILL}_{tool}"), arguments).unwrap_err();
    assert_eq!(refused, "TOOL_ERROR: \"ErrorCode::HttpRequestDenied\"");
    let records: [Json; 3] = home.records(3).try_into().unwrap();
    let [intent, refusal, outcome] = &records;
    assert_eq!(
        (&intent["kind"], &intent["tool"]),
        (&json!("intent"), &json!(tool))
    );
    assert_eq!(
        (&refusal["kind"], &refusal["parent"]),
        (&json!("refusal"), &intent["seq"])
    );
    assert_eq!(
        (&outcome["kind"], &outcome["of"]),
        (&json!("outcome"), &intent["seq"])
    );
    assert_eq!(refusal["correlation"], intent["correlation"]);
    assert_eq!(refusal["action"], "http");
    records
}

#[test]
fn a_post_in_a_tool_that_declares_read_is_refused_for_its_effect_and_recorded_within_the_call() {
    let home = with(&[SKILL]);
    let [intent, refusal, outcome] = records_of(&home, "post", &json!({}));
    assert_eq!(intent["effect"], "read");
    assert_eq!(refusal["code"], "NOT_THIS_EFFECT");
    assert_eq!(refusal["place"], "https://target.example.com");
    let detail = refusal["detail"].as_str().unwrap();
    assert!(
        detail.contains(
            "`post` of `guests:writer-in-read` is `read`, and a `POST` request needs `write`"
        ),
        "{detail}"
    );
    assert!(
        detail.contains("skill.toml: under `[tools.post]`, write `effect = \"write\"`"),
        "{detail}"
    );
    assert_eq!(outcome["status"], "tool-error");
}

#[test]
fn a_get_in_a_tool_that_declares_read_and_a_post_in_one_that_declares_write_are_not_refused_for_their_effect()
 {
    let home = with(&[SKILL]);
    let there = json!({ "authority": "elsewhere.example.com", "path": "/x" });
    for (tool, effect) in [("get", "read"), ("post-openly", "write")] {
        let [intent, refusal, _] = records_of(&home, tool, &there);
        assert_eq!(intent["effect"], effect);
        assert_eq!(refusal["code"], "NOT_ALLOWED", "{tool}");
        let detail = refusal["detail"].as_str().unwrap();
        assert!(
            detail.contains("is no destination of the grant"),
            "{tool}: {detail}"
        );
    }
}

#[test]
fn nothing_is_dialled_for_a_request_that_is_refused_and_no_path_or_query_is_kept_of_it() {
    let home = with(&[SKILL]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let there = json!({ "authority": authority, "path": "/SECRET-PATH?token=SECRET-QUERY" });
    for tool in ["post-to", "get", "post-openly"] {
        let records = records_of(&home, tool, &there);
        assert_eq!(records[1]["place"], format!("https://{authority}"));
        assert!(listener.accept().is_err(), "`{tool}` connected");
    }
    let log = std::fs::read_to_string(home.data("owner.log")).unwrap();
    let records = Json::from(home.records(100)).to_string();
    assert!(records.contains(&authority));
    for kept in [log, records] {
        assert!(!kept.contains("SECRET"), "{kept}");
    }
}

#[test]
fn a_grant_that_raises_an_effect_lets_nothing_more_out_and_none_lowers_it() {
    let home = with(&[SKILL]);
    let hints = |home: &Home| {
        let mut wire = Wire::open(home);
        let id = wire.ask("tools/list", &json!({}));
        let listed = wire.answer(id)["result"]["tools"].clone();
        let tool = |name: &str| {
            let name = format!("{SKILL}_{name}");
            let found = listed
                .as_array()
                .unwrap()
                .iter()
                .find(|tool| tool["name"] == name.as_str());
            found.unwrap()["annotations"]["readOnlyHint"].clone()
        };
        (tool("post"), tool("post-openly"))
    };
    assert_eq!(hints(&home), (json!(true), json!(false)));

    let file = home.config("grants/guests.writer-in-read.toml");
    let grant = std::fs::read_to_string(&file).unwrap();
    let changed = |tool: &str, effect: &str| {
        let mut lines: Vec<String> = grant.lines().map(str::to_owned).collect();
        let line = lines
            .iter_mut()
            .find(|line| line.split('=').next().unwrap().trim() == tool)
            .unwrap();
        *line = format!("{tool} = {{ effect = \"{effect}\" }}");
        lines.join("\n") + "\n"
    };
    std::fs::write(&file, changed("post", "write")).unwrap();
    home.apply().ok();
    let [intent, refusal, _] = records_of(&home, "post", &json!({}));
    assert_eq!(
        (&intent["effect"], &refusal["code"]),
        (&json!("write"), &json!("NOT_THIS_EFFECT")),
        "treated as a write from now on, and let out no more than its author said"
    );
    assert_eq!(hints(&home), (json!(false), json!(false)));

    std::fs::write(&file, changed("post-openly", "read")).unwrap();
    home.apply();
    let lowered = call(
        &home,
        "writer-in-read_post-openly",
        &json!({ "authority": "a.example.com", "path": "/" }),
    );
    assert!(
        !lowered.unwrap_err().starts_with("TOOL_ERROR"),
        "it ran under a grant that can't hold"
    );
}
