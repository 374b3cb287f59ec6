//! Each question is in the log: which prompt, to where, by which line, at what cost; and not what it said.

use serde_json::{Value as Json, json};

use super::house::{DENIED, FAILED, House, INVOICE};
use super::service::Scripted;

fn of<'r>(records: &'r [Json], action: &str) -> Vec<&'r Json> {
    records
        .iter()
        .filter(|record| record["action"] == action)
        .collect()
}

#[test]
fn a_question_and_its_requests_are_recorded_inside_one_another() {
    let house = House::new(
        &[Scripted::saying("no", 30), Scripted::saying(INVOICE, 12)],
        "",
    );
    house.classify("a secret document").unwrap();
    let intents = house.records("intent");
    let (calls, asks, requests) = (
        of(&intents, "call"),
        of(&intents, "model"),
        of(&intents, "http"),
    );
    let ([call], [ask], [one, two]) = (&calls[..], &asks[..], &requests[..]) else {
        panic!("{intents:#?}")
    };
    assert_eq!(ask["parent"], call["seq"]);
    assert_eq!((&one["parent"], &two["parent"]), (&ask["seq"], &ask["seq"]));
    assert_eq!(ask["place"], format!("https://{}", house.service.address));
    let rule = ask["rule"].as_str().unwrap();
    assert!(
        rule.starts_with("model.reader: prompt classify sha256:"),
        "{rule}"
    );
    assert!(ask["input"].is_string() || ask["input"].is_object());
    let outcomes = house.records("outcome");
    let end = outcomes
        .iter()
        .find(|record| record["of"] == ask["seq"])
        .unwrap();
    assert_eq!((&end["status"], &end["tokens"]), (&json!("ok"), &json!(42)));
    assert_eq!(end["detail"], "small-2: 2 requests, 42 tokens");
    assert!(!end["output"].is_null());
    let all = house.home.records(500);
    let said = Json::from(all).to_string();
    for word in ["secret document", "what kind of document", "invoice"] {
        assert!(!said.contains(word), "{word}");
    }
    house.home.run(&["audit", "verify"]).ok();
}

#[test]
fn what_had_no_reply_that_fits_ends_as_failed_and_says_why() {
    let house = House::new(&[Scripted::text(429, "later")], "");
    assert_eq!(house.classify("x").unwrap_err(), FAILED);
    let ends = house.records("outcome");
    let end = ends
        .iter()
        .find(|record| record["tokens"].is_number())
        .unwrap();
    assert_eq!(end["status"], "failed");
    let detail = end["detail"].as_str().unwrap();
    assert!(
        detail.ends_with("the service answered with status 429"),
        "{detail}"
    );
}

#[test]
fn a_model_that_is_not_granted_is_refused_with_the_line_that_would_grant_it() {
    let house = House::new(&[Scripted::saying(INVOICE, 10)], "for = [\"ask\"]");
    assert_eq!(house.classify("x").unwrap_err(), DENIED);
    let other = json!({ "prompt": "other", "slots": [{ "name": "text", "text": "x" }] });
    assert_eq!(house.call("asker_ask", &other).unwrap_err(), DENIED);
    let refusals = house.records("refusal");
    let details: Vec<&str> = refusals
        .iter()
        .map(|record| record["detail"].as_str().unwrap())
        .collect();
    let [one, two] = details[..] else {
        panic!("{refusals:#?}")
    };
    assert!(
        one.contains("under `[model.reader]`, add `\"classify\"` to `for`"),
        "{one}"
    );
    assert!(
        two.contains("grants/guests.asker.toml: add `[model.writer]` with `url` and `model`"),
        "{two}"
    );
    assert!(refusals.iter().all(|record| record["action"] == "model"));
    assert!(house.service.asked().is_empty());
}

#[test]
fn another_model_is_shown_to_who_applies_it_and_asked_from_then_on() {
    let house = House::new(&[Scripted::saying(INVOICE, 10)], "");
    let file = house.home.config("grants/guests.asker.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("small-2", "large-1")).unwrap();
    let applied = house.home.apply().ok();
    let shown = format!("{}{}", applied.stdout, applied.stderr);
    let at = house.service.address;
    let line = format!("model reader is large-1 at https://{at}/v1");
    assert!(shown.contains(&line), "{shown}");
    house.classify("x").unwrap();
    assert_eq!(house.service.asked()[0].body["model"], "large-1");
}
