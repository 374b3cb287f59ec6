//! What was asked stands in the log, without the values.

use serde_json::json;

use super::house::{House, PASSWORD, failed, text};

#[test]
fn a_statement_is_recorded_before_it_runs_and_its_values_are_not() {
    let Some(house) = House::new("") else { return };
    house
        .change("add", &json!([text("hunter2-supplier"), text("7.25")]))
        .unwrap();
    let records = house.home.records(500);
    let intent = records
        .iter()
        .find(|record| record["action"] == "sql")
        .unwrap();
    assert_eq!(intent["kind"], "intent");
    assert_eq!(
        intent["place"],
        format!("postgres://127.0.0.1:{}/postgres", house.postgres.port)
    );
    let rule = intent["rule"].as_str().unwrap();
    assert!(
        rule.starts_with("sql.books: statement add sha256:"),
        "{rule}"
    );
    let ended = records
        .iter()
        .find(|record| record["of"] == intent["seq"])
        .unwrap();
    assert_eq!(
        (&ended["status"], &ended["detail"]),
        (&json!("ok"), &json!("1 rows, 1 changed"))
    );
    let all = serde_json::Value::from(records.clone()).to_string();
    assert!(
        !all.contains("hunter2") && !all.contains("7.25") && !all.contains(PASSWORD),
        "{all}"
    );
    house.home.run(&["audit", "verify"]).ok();

    // Words of a database may hold values: its code is told, and recorded, alone.
    let why = house
        .change("add", &json!([text("acme"), text("hunter2")]))
        .unwrap_err();
    assert_eq!(why, failed("22P02"));
    let all = serde_json::Value::from(house.home.records(500)).to_string();
    assert!(
        !all.contains("hunter2") && all.contains("the database says 22P02"),
        "{all}"
    );
}

#[test]
fn inspect_why_and_apply_tell_of_databases() {
    let Some(house) = House::new("") else { return };
    let why = house.home.run(&["why", "teller_look"]).ok().stdout;
    let place = format!(
        "it may run its statements of `books` = postgres://127.0.0.1:{}/postgres",
        house.postgres.port
    );
    assert!(why.contains(&place), "{why}");
    let packed = house.home.path("teller.wasm");
    let shown = house
        .home
        .run(&["inspect", vouchsafe_tests::say::text(&packed)])
        .ok()
        .stdout;
    assert!(
        shown.contains("insert into invoices (supplier, amount) values ($1, $2::numeric)"),
        "{shown}"
    );
}

#[test]
fn what_breaks_off_while_it_is_committed_is_unknown_and_recorded_so() {
    let Some(house) = House::new("limits = { time = \"2s\" }") else {
        return;
    };
    house
        .home
        .warm("teller_look", &json!({ "statement": "who", "values": [] }));
    house.change("name", &json!([text("quick")])).unwrap();
    let why = house.change("name", &json!([text("slow")])).unwrap_err();
    assert_eq!(why, "TOOL_ERROR: \"Unknown\"");
    assert_eq!(house.records("unknown").len(), 1);
    house.home.run(&["audit", "verify"]).ok();
}
