//! Who says that it reads is held to it, by the host and by the database.

use serde_json::json;

use super::house::{DENIED, House, failed, text};

/// `read_only_sql_transaction`, and that it can't be lifted any more.
const READS: &str = "25006";
const TOO_LATE: &str = "25001";

#[test]
fn a_statement_that_says_it_reads_changes_nothing() {
    let Some(house) = House::new("") else { return };
    house
        .postgres
        .query("alter function add_one() owner to teller");
    for statement in ["says-it-reads", "lifts-the-ban", "does-more"] {
        let why = house.change(statement, &json!([])).unwrap_err();
        assert!(
            why == failed(READS) || why == failed(TOO_LATE),
            "{statement}: {why}"
        );
    }
    // Alone it could be said, and changes nothing: each statement has a transaction of its own.
    let why = house.change("lifts-it-first", &json!([])).unwrap_err();
    assert_eq!(why, failed(TOO_LATE));
    let who = house.change("who", &json!([])).unwrap();
    assert_eq!(who["rows"], json!([[text("teller"), text("on")]]));
    assert_eq!(house.invoices(), "3");
}

#[test]
fn a_tool_that_reads_runs_no_statement_that_writes() {
    let Some(house) = House::new("") else { return };
    let values = json!([text("acme"), text("7.25")]);
    assert_eq!(house.look("add", &values).unwrap_err(), DENIED);
    assert_eq!(house.invoices(), "3");
    let refusals = serde_json::Value::from(house.records("refusal")).to_string();
    assert!(
        refusals.contains("a statement whose effect is `write`"),
        "{refusals}"
    );
    let added = house.change("add", &values).unwrap();
    assert_eq!(
        (&added["changed"], &added["rows"]),
        (&json!("1"), &json!([[{ "integer": "4" }]]))
    );
    assert_eq!(house.invoices(), "4");
}

#[test]
fn what_fails_when_it_is_committed_was_not_done() {
    let Some(house) = House::new("") else { return };
    assert_eq!(
        house.change("add-twice", &json!([text("x")])).unwrap_err(),
        failed("23505")
    );
    assert_eq!(house.postgres.query("select count(*) from names"), "0");
}
