//! Statements and values are apart: no value is ever part of what is asked, and no statement is a guest's.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::house::{DENIED, House, failed, text};

#[test]
fn values_come_back_as_what_they_are() {
    let Some(house) = House::new("") else { return };
    let values = json!([
        { "boolean": true }, { "integer": "-9223372036854775808" }, { "real": 0.1 },
        { "text": "a'; drop table invoices; --" }, { "bytes": "AAH/" }, "null"
    ]);
    let found = house.look("kinds", &values).unwrap();
    assert_eq!(found["rows"], json!([values]));
    assert_eq!(found["columns"], json!(["a", "b", "c", "d", "e", "f"]));
    let found = house.look("find", &json!([text("acme")])).unwrap();
    assert_eq!(
        found["rows"],
        json!([
            [{ "integer": "1" }, text("acme"), text("12.50"), { "boolean": true }],
            [{ "integer": "2" }, text("acme"), text("99999999999999999999.01"), "null"]
        ])
    );
    let why = house.look("amounts", &json!([])).unwrap_err();
    assert!(
        why.contains("`amount` is NUMERIC") && why.contains("::text"),
        "{why}"
    );
}

#[test]
fn whatever_is_said_is_a_value() {
    let Some(house) = House::new("limits = { statements = 10000 }") else {
        return;
    };
    house
        .home
        .warm("teller_look", &json!({ "statement": "who", "values": [] }));
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let said = prop_oneof![
        "[^\\x00]{0,40}",
        "['\"\\\\;$-]{1,6}( or 1=1| union select current_user::text)?[-/*]{0,4}",
    ];
    runner
        .run(&said, |said| {
            let found = house.look(
                "kinds",
                &json!([text(&said), "null", "null", "null", "null", "null"]),
            );
            prop_assert_eq!(&found.unwrap()["rows"][0][0], &text(&said));
            let none = house.look("find", &json!([text(&said)])).unwrap();
            prop_assert_eq!(&none["rows"], &json!([]));
            Ok(())
        })
        .unwrap();
    assert_eq!(house.invoices(), "3");
}

#[test]
fn a_guest_words_no_statement() {
    let Some(house) = House::new("") else { return };
    for statement in [
        "select 1",
        "",
        "find; drop table invoices",
        "Find",
        "find ",
        "\u{202e}find",
    ] {
        assert_eq!(
            house.look(statement, &json!([])).unwrap_err(),
            DENIED,
            "{statement}"
        );
    }
    assert_eq!(house.look("other", &json!([])).unwrap_err(), DENIED);
    let refusals = serde_json::Value::from(house.records("refusal")).to_string();
    assert!(
        refusals.contains("the skill has no such statement"),
        "{refusals}"
    );
    assert!(
        refusals.contains("`[sql.elsewhere]` with `url` and `auth`"),
        "{refusals}"
    );
    assert!(!refusals.contains("drop table"), "{refusals}");
}

#[test]
fn a_text_of_two_statements_runs_neither() {
    let Some(house) = House::new("") else { return };
    assert_eq!(
        house.change("two", &json!([])).unwrap_err(),
        failed("42601")
    );
    assert_eq!(house.invoices(), "3");
}
