//! No more comes of a database than its grant says, and no longer.

use std::time::{Duration, Instant};

use serde_json::json;

use super::house::{DENIED, House, SEALED, failed};

#[test]
fn rows_bytes_and_statements_are_as_many_as_the_grant_says() {
    let Some(house) = House::new("limits = { rows = 100, statements = 3 }") else {
        return;
    };
    let up_to = |most: &str| json!([{ "integer": most }]);
    let all = house.look("count-up", &up_to("100")).unwrap();
    assert_eq!(
        (all["rows"].as_array().unwrap().len(), &all["truncated"]),
        (100, &json!(false))
    );
    let some = house.look("count-up", &up_to("1000000")).unwrap();
    assert_eq!(
        (some["rows"].as_array().unwrap().len(), &some["truncated"]),
        (100, &json!(true))
    );
    // A statement that changes something gives all of its rows or does nothing.
    let why = house.change("add-many", &up_to("101")).unwrap_err();
    assert_eq!(why, failed("more rows than the grant lets through"));
    assert_eq!(house.invoices(), "3");
    let why = house.look("long", &json!([])).unwrap_err();
    assert_eq!(why, failed("more bytes than the grant lets through"));
    let times = house.call("teller_again", &json!({ "times": 5, "statement": "who" }));
    assert_eq!(times.unwrap(), json!(3));
    let refusals = serde_json::Value::from(house.records("refusal")).to_string();
    assert!(
        refusals.contains("limits = { statements = 6 }"),
        "{refusals}"
    );
}

#[test]
fn a_statement_that_takes_too_long_ends_there_as_well() {
    let Some(house) = House::new("limits = { time = \"700ms\" }") else {
        return;
    };
    house
        .home
        .warm("teller_look", &json!({ "statement": "who", "values": [] }));
    let begun = Instant::now();
    house.look("sleep", &json!([])).unwrap_err();
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    let asleep = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()";
    while house.postgres.query(asleep) != "0" {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_database_is_for_the_tools_that_the_grant_names() {
    let Some(house) = House::new("for = [\"change\"]") else {
        return;
    };
    assert_eq!(house.look("who", &json!([])).unwrap_err(), DENIED);
    house.change("who", &json!([])).unwrap();
    house.grant(&format!("{SEALED}\nfor = [\"look\"]"));
    house.look("who", &json!([])).unwrap();
}
