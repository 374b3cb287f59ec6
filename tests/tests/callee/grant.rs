//! Who may call whom, and what for.

use std::fs;

use super::*;

#[test]
fn nothing_is_called_that_the_caller_s_grant_does_not_name() {
    let home = both();
    regrant(&home, CALLER, |text| text.replace(NAMED, ""));
    assert_eq!(heard(&home, "find", &json!({ "id": "x" })), "NOT_ALLOWED");
    let records = home.records(3);
    assert_eq!(
        (&records[1]["kind"], &records[1]["parent"]),
        (&json!("refusal"), &records[0]["seq"])
    );
    let detail = records[1]["detail"].as_str().unwrap();
    assert!(
        detail.contains(
            "grants/guests.asks-records.toml: add `[skills.\"guests:gives-records/records\"]`"
        ),
        "{detail}"
    );
}

#[test]
fn a_callee_answers_only_with_tools_of_its_own_grant() {
    let home = both();
    regrant(&home, "guests.gives-records", |text| {
        text.lines()
            .filter(|line| !line.starts_with("find"))
            .map(|line| format!("{line}\n"))
            .collect()
    });
    assert_eq!(heard(&home, "find", &json!({ "id": "x" })), "NOT_ALLOWED");
    let records = home.records(3);
    let detail = records[1]["detail"].as_str().unwrap();
    assert!(
        detail.contains("grants/guests.gives-records.toml: under `[tools]`, add `find = {}`"),
        "{detail}"
    );
    assert_eq!(ask(&home, "count", &json!({})), Ok(json!(3)));
}

#[test]
fn a_tool_that_reads_calls_only_what_reads() {
    let home = both();
    assert_eq!(ask(&home, "keep", &json!({ "id": "four" })), Ok(json!(4)));
    assert_eq!(
        heard(&home, "keep-in-read", &json!({ "id": "four" })),
        "NOT_THIS_EFFECT"
    );
    let records = home.records(3);
    assert_eq!(
        (
            &records[1]["kind"],
            &records[1]["code"],
            &records[1]["place"]
        ),
        (
            &json!("refusal"),
            &json!("NOT_THIS_EFFECT"),
            &json!("guests:gives-records/keep")
        )
    );
}

#[test]
fn a_tool_that_writes_never_calls_what_can_t_be_undone() {
    let home = both();
    assert_eq!(heard(&home, "wipe", &json!({})), "NOT_THIS_EFFECT");
}

#[test]
fn a_callee_that_needs_a_person_is_refused_inside_the_call() {
    let home = both();
    regrant(&home, "guests.gives-records", |text| {
        let line = |line: &str| match line.starts_with("find") {
            true => "find = { confirm = \"always\" }\n".to_owned(),
            false => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    });
    assert_eq!(heard(&home, "find", &json!({ "id": "x" })), "NOT_APPROVED");
    let records = home.records(3);
    assert_eq!(records[1]["code"], "NOT_APPROVED");
    assert_eq!(records[1]["parent"], records[0]["seq"]);
}

#[test]
fn a_policy_takes_away_from_calls_that_skills_make_too() {
    let home = both();
    let policies = home.config("policies/house.cedar");
    fs::create_dir_all(policies.parent().unwrap()).unwrap();
    let forbid = "forbid (principal == Role::\"local\", action, resource == Tool::\"guests:gives-records/find\");";
    fs::write(&policies, forbid).unwrap();
    home.apply().ok();
    assert_eq!(heard(&home, "find", &json!({ "id": "x" })), "NOT_ALLOWED");
    let others = forbid.replace("local", "clerk");
    fs::write(&policies, others).unwrap();
    home.apply().ok();
    assert!(ask(&home, "find", &json!({ "id": "x" })).is_ok());
}

#[test]
fn a_function_that_can_t_say_that_it_failed_ends_the_call_that_asked() {
    let home = both();
    regrant(&home, CALLER, |text| text.replace(NAMED, ""));
    let error = ask(&home, "count", &json!({})).unwrap_err();
    assert!(error.starts_with("TRAP: "), "{error}");
    assert!(error.contains("NOT_ALLOWED"), "{error}");
}

#[test]
fn a_skill_that_would_call_itself_can_t_be_applied() {
    let home = both();
    let file = home.config(&format!("grants/{CALLER}.toml"));
    let text = fs::read_to_string(&file).unwrap();
    let itself = text.replace(
        "skill = \"guests:gives-records\"",
        "skill = \"guests:asks-records\"",
    );
    fs::write(&file, itself).unwrap();
    let run = home.apply();
    assert_ne!(run.code, 0);
    assert!(
        run.stderr
            .contains("a skill would call itself: guests:asks-records -> guests:asks-records"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_update_of_the_callee_with_other_types_answers_nothing_and_the_record_names_the_line() {
    let home = both();
    let source = home.path("other");
    fs::create_dir_all(source.join("wit")).unwrap();
    fs::write(
        source.join("skill.toml"),
        "[tools.find]\neffect = \"read\"\n",
    )
    .unwrap();
    let wit = "package guests:gives-records@0.2.0;\n\ninterface records {\n  /// Finds a number.\n  find: func() -> u32;\n}\n\nworld skill {\n  export records;\n}\n";
    fs::write(source.join("wit/world.wit"), wit).unwrap();
    let text = "(component
      (core module $m (func (export \"find\") (result i32) i32.const 7))
      (core instance $i (instantiate $m))
      (func $find (result u32) (canon lift (core func $i \"find\")))
      (instance $records (export \"find\" (func $find)))
      (export \"guests:gives-records/records@0.2.0\" (instance $records)))";
    fs::write(source.join("component.wasm"), wat::parse_str(text).unwrap()).unwrap();
    let packed = home.path("gives-records-2.wasm");
    home.pack(&source, &source.join("component.wasm"), &packed)
        .ok();
    home.sign(&packed);
    home.install(&packed).ok();
    assert_eq!(heard(&home, "find", &json!({ "id": "x" })), "NOT_ALLOWED");
    let records = home.records(3);
    let detail = records[1]["detail"].as_str().unwrap();
    assert!(
        detail.contains("grants/guests.asks-records.toml:"),
        "{detail}"
    );
    let file = home.config(&format!("grants/{CALLER}.toml"));
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("# looked at\n{text}")).unwrap();
    let run = home.apply();
    assert_ne!(run.code, 0);
    assert!(
        run.stderr
            .contains("is `func() -> u32`, and what is imported"),
        "{}",
        run.stderr
    );
    assert!(
        detail.contains("is `func() -> u32`, and what is imported is `func(id string) ->"),
        "{detail}"
    );
}

#[test]
fn who_approves_a_call_sees_whom_it_can_call() {
    let home = both();
    let key = home.new_key("bo").with_extension("pub");
    let key = key.to_str().unwrap();
    home.run(&[
        "approver",
        "enrol",
        "bo",
        "--person",
        "bo@corp.example",
        "--key",
        key,
    ])
    .ok();
    regrant(&home, CALLER, |text| {
        text.replace("count = {}", "count = { confirm = \"always\" }")
    });
    let refused = ask(&home, "count", &json!({})).unwrap_err();
    let waits = "NOT_APPROVED: it waits for people as ";
    let id = refused.strip_prefix(waits).unwrap().split(',').next();
    let page = home.run(&["approvals", id.unwrap()]).ok().stdout;
    let reach =
        "the skill guests:gives-records of publisher, and what that can reach, and nothing else";
    assert!(page.contains(reach), "{page}");
}
