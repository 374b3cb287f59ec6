//! A call asks as often and for as many tokens as the grant lets.

use serde_json::json;

use super::house::{House, INVOICE};
use super::service::Scripted;

#[test]
fn questions_end_at_the_limit() {
    let house = House::new(&[Scripted::saying(INVOICE, 10)], "limits = { asks = 2 }");
    assert_eq!(house.again(3), json!([INVOICE, INVOICE, "Exhausted"]));
    assert_eq!(house.service.asked().len(), 2);
    let [refusal] = &house.records("refusal")[..] else {
        panic!("refused once")
    };
    let detail = refusal["detail"].as_str().unwrap();
    assert!(
        detail.contains("under `[model.reader]`, write `limits = { asks = 4 }`"),
        "{detail}"
    );
    // Another call has its own.
    assert_eq!(house.again(1), json!([INVOICE]));
}

#[test]
fn tokens_that_the_service_counts_are_used_up() {
    let house = House::new(
        &[Scripted::saying(INVOICE, 5000)],
        "limits = { tokens = 10000 }",
    );
    let ends = house.again(4);
    assert_eq!(ends, json!([INVOICE, INVOICE, "Exhausted", "Exhausted"]));
    assert_eq!(house.service.asked().len(), 2);
}

#[test]
fn a_question_that_could_take_more_than_is_left_is_not_sent() {
    let house = House::new(&[Scripted::saying(INVOICE, 1)], "limits = { tokens = 500 }");
    assert_eq!(
        house.classify("Dear Anna").unwrap_err(),
        "TOOL_ERROR: \"Exhausted\""
    );
    assert!(house.service.asked().is_empty());
}

#[test]
fn a_day_has_its_tokens_whoever_asks_and_however_often_the_owner_starts() {
    let house = House::new(
        &[Scripted::saying(INVOICE, 4000)],
        "limits = { daily = 12000 }",
    );
    assert_eq!(house.again(2), json!([INVOICE, INVOICE]));
    house.home.run(&["stop"]).ok();
    assert_eq!(house.again(2), json!([INVOICE, "Exhausted"]));
    house.home.run(&["stop"]).ok();
    assert_eq!(house.again(1), json!(["Exhausted"]));
    assert_eq!(house.service.asked().len(), 3);
    let refusals = house.records("refusal");
    let detail = refusals[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("24 hours have at most 12000 `daily`"),
        "{detail}"
    );
}

#[test]
fn a_service_that_does_not_count_has_used_all_that_it_could() {
    let body =
        json!({ "choices": [{ "finish_reason": "stop", "message": { "content": INVOICE } }] });
    let silent = Scripted::text(200, &body.to_string());
    let house = House::new(&[silent], "limits = { tokens = 3000 }");
    let ends = house.again(4);
    let ends: Vec<&str> = ends
        .as_array()
        .unwrap()
        .iter()
        .map(|end| end.as_str().unwrap())
        .collect();
    assert_eq!((ends[0], ends[3]), (INVOICE, "Exhausted"), "{ends:?}");
}
