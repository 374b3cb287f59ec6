//! Agents over MCP: the answer on the open request, or from `approval_result`.

use std::time::Duration;

use serde_json::{Value as Json, json};
use vouchsafe_tests::Home;
use vouchsafe_tests::wire::Wire;

use super::room::{decide, room};

fn names(wire: &mut Wire) -> Vec<String> {
    let tools = wire.ask("tools/list", json!({}));
    let tools = tools
        .pointer("/result/tools")
        .and_then(Json::as_array)
        .cloned();
    let tools = tools.unwrap_or_default();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The name of the only call that waits.
fn waiting(home: &Home) -> String {
    for _ in 0..500 {
        let waiting = home.run(&["approvals", "--json"]).ok().json();
        if let Some(id) = waiting.pointer("/0/id") {
            return id.as_str().unwrap().to_owned();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no call waits");
}

#[test]
fn the_open_request_has_the_answer_when_people_have_decided() {
    let home = room();
    let mut wire = Wire::start(&home);
    let params = json!({ "name": "pay_wire", "arguments": { "amount": 5 } });
    let request = wire.request("tools/call", params);
    let id = waiting(&home);
    decide(&home, "approve", &id, "bo").ok();
    let answer = loop {
        let message = wire.hear();
        if message.get("id") == Some(&json!(request)) {
            break message;
        }
    };
    assert_eq!(
        answer.pointer("/result/structuredContent/result"),
        Some(&json!(8))
    );
    let again = wire.call("approval_result", json!({ "id": id }));
    assert_eq!(again.pointer("/result/isError"), Some(&json!(true)));
}

#[test]
fn a_request_that_is_given_up_is_decided_all_the_same_and_its_answer_is_fetched_by_name() {
    let home = room();
    let mut wire = Wire::start(&home);
    assert!(names(&mut wire).contains(&"approval_result".to_owned()));
    let params = json!({ "name": "pay_wire", "arguments": { "amount": 5 } });
    let request = wire.request("tools/call", params);
    let id = waiting(&home);
    wire.say(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": request } }),
    );
    let mut other = Wire::start(&home);
    decide(&home, "approve", &id, "bo").ok();
    let answer = other.call("approval_result", json!({ "id": id }));
    assert_eq!(
        answer.pointer("/result/structuredContent/result"),
        Some(&json!(8))
    );
    let words = other.call("approval_result", json!({ "id": "nothing", "more": 1 }));
    let words = words
        .pointer("/result/content/0/text")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    assert!(words.starts_with("ARGUMENTS"), "{words}");
}

#[test]
fn who_denied_is_not_told_to_the_agent() {
    let home = room();
    let mut wire = Wire::start(&home);
    let params = json!({ "name": "pay_wire", "arguments": { "amount": 5 } });
    let request = wire.request("tools/call", params);
    let id = waiting(&home);
    decide(&home, "deny", &id, "bo").ok();
    let answer = loop {
        let message = wire.hear();
        if message.get("id") == Some(&json!(request)) {
            break message;
        }
    };
    let text = answer
        .pointer("/result/content/0/text")
        .unwrap()
        .as_str()
        .unwrap();
    assert_eq!(text, format!("NOT_APPROVED: {id}: denied"));
    assert_eq!(
        answer.pointer("/result/_meta/dev.vouchsafe~1approval/state"),
        Some(&json!("denied"))
    );
}

#[test]
fn without_anybody_to_ask_there_is_nothing_to_fetch() {
    let home = Home::trusting(&["acme"]);
    assert!(!names(&mut Wire::start(&home)).contains(&"approval_result".to_owned()));
}
