//! Every call of a tree is on record, one inside the other.

use super::*;

#[test]
fn a_call_of_another_skill_is_recorded_inside_the_call_that_makes_it_with_the_line_that_lets_it() {
    let home = both();
    assert_eq!(
        ask(&home, "find", &json!({ "id": "four" })),
        Ok(json!("four of 4"))
    );
    let records = home.records(4);
    let [outer, inner, ended, done] = &records[..] else {
        panic!("{records:?}");
    };
    assert_eq!(
        (&outer["kind"], &outer["skill"]),
        (&json!("intent"), &json!("guests:asks-records"))
    );
    assert_eq!(outer["parent"], Json::Null);
    assert_eq!(
        (&inner["kind"], &inner["skill"]),
        (&json!("intent"), &json!("guests:gives-records"))
    );
    assert_eq!(
        (&inner["tool"], &inner["parent"]),
        (&json!("find"), &outer["seq"])
    );
    assert_eq!(inner["principal"], outer["principal"]);
    for record in &records {
        assert_eq!(record["correlation"], outer["correlation"]);
    }
    let rule = inner["rule"].as_str().unwrap();
    assert!(
        rule.starts_with("grants/guests.asks-records.toml:"),
        "{rule}"
    );
    assert_eq!(
        (&ended["of"], &ended["status"]),
        (&inner["seq"], &json!("ok"))
    );
    assert_eq!(
        (&done["of"], &done["status"]),
        (&outer["seq"], &json!("ok"))
    );
    let fuel = |record: &Json| record["fuel"].as_u64().unwrap();
    assert!(
        fuel(done) > fuel(ended),
        "the caller pays for what it calls"
    );
    let shown = home.run(&["audit", "show", "--limit", "4"]).ok().stdout;
    let inside = format!("in {}", outer["seq"]);
    assert!(shown.contains(&inside), "{shown}");
}

#[test]
fn an_error_of_the_other_skill_s_tool_is_an_answer() {
    let home = both();
    assert_eq!(heard(&home, "find", &json!({ "id": "" })), "there is none");
    let statuses: Vec<_> = home
        .records(2)
        .iter()
        .map(|record| record["status"].clone())
        .collect();
    assert_eq!(statuses, ["tool-error", "tool-error"]);
}

#[test]
fn why_and_apply_and_inspect_say_who_is_called() {
    let home = both();
    let why = home.run(&["why", "asks-records", "find"]).stdout;
    assert!(
        why.contains(
            "it may call `guests:gives-records/records` of `guests:gives-records` of `publisher`"
        ),
        "{why}"
    );
    let packed = home.path("asks-records.wasm");
    let shown = home.run(&["inspect", packed.to_str().unwrap()]).ok().stdout;
    assert!(shown.contains("guests:gives-records/records"), "{shown}");
    let file = home.config(&format!("grants/{CALLER}.toml"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(NAMED, "")).unwrap();
    let applied = home.apply().ok();
    let said = format!("{}{}", applied.stdout, applied.stderr);
    assert!(
        said.contains("- calls guests:gives-records/records of guests:gives-records of publisher"),
        "{said}"
    );
}
