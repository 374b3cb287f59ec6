//! A call waits, is shown, is decided by enrolled keys, and its answer goes to who asked.

use serde_json::json;
use vouchsafe_tests::say::says;

use super::room::{asked, asks_for, decide, enrol, room, settings, wire, wired};

#[test]
fn what_people_approve_is_made_at_once_and_answered_once() {
    let home = room();
    let id = asked(&home, 5);
    says(&home.run(&["approvals"]).ok(), &id);
    let page = home.run(&["approvals", &id]).ok();
    for shown in [
        "IRREVERSIBLE",
        "acme:pay 1.0.0 / wire",
        "amount",
        "5",
        "1 approver",
    ] {
        says(&page, shown);
    }
    assert_eq!(wired(&home).len(), 0);
    let approved = decide(&home, "approve", &id, "bo").ok();
    says(&approved, "is approved and made: it went well");
    let intents = wired(&home);
    let asked_at = home.records(1000);
    let asked_at = asked_at
        .iter()
        .find(|record| record["action"] == "approval-asked");
    assert_eq!(intents.len(), 1);
    assert_eq!(intents[0]["approval"], asked_at.unwrap()["seq"]);
    let answer = wire(&home, 5).ok().json();
    assert_eq!(answer.pointer("/output/result"), Some(&json!(8)));
    assert_eq!(wired(&home).len(), 1);
    // The answer is gone: the same again is another call, and waits.
    assert_ne!(asked(&home, 5), id);
    says(&home.run(&["approvals", &id]).code(4), "no call waits");
}

#[test]
fn a_no_is_a_no_and_is_told_once() {
    let home = room();
    let id = asked(&home, 5);
    says(&decide(&home, "deny", &id, "bo").ok(), "is denied");
    says(
        &decide(&home, "approve", &id, "bo").code(4),
        "no call waits",
    );
    says(&wire(&home, 5).code(4), "was denied");
    asked(&home, 5);
    assert_eq!(wired(&home).len(), 0);
}

#[test]
fn another_amount_is_another_call() {
    let home = room();
    // Numbers that a float can't tell apart.
    let (small, large) = (1 << 53, (1 << 53) + 1);
    let id = asked(&home, small);
    let other = asked(&home, large);
    assert_ne!(id, other);
    assert_eq!(asked(&home, small), id);
    decide(&home, "approve", &id, "bo").ok();
    assert_eq!(asked(&home, large), other);
    assert_eq!(wired(&home).len(), 1);
}

#[test]
fn who_asks_does_not_approve_where_somebody_else_is_wanted_but_may_take_it_back() {
    let home = room();
    enrol(&home, "anna", "anna@corp.example");
    enrol(&home, "anna-phone", "anna@corp.example");
    settings(&home, "");
    asks_for(&home, "four-eyes");
    let id = asked(&home, 5);
    for own in ["anna", "anna-phone"] {
        let refused = decide(&home, "approve", &id, own).code(4);
        says(
            &refused,
            "anna@corp.example is not among those who are asked",
        );
    }
    says(&decide(&home, "deny", &id, "anna").ok(), "is denied");
    let again = {
        wire(&home, 5).code(4);
        asked(&home, 5)
    };
    says(&decide(&home, "approve", &again, "bo").ok(), "it went well");
}

#[test]
fn two_people_are_two_people() {
    let home = room();
    enrol(&home, "bo-phone", "bo@corp.example");
    enrol(&home, "cy", "cy@corp.example");
    settings(
        &home,
        "[confirm.two-people]\npeople = 2\nfrom = \"pay-approvers\"\n",
    );
    asks_for(&home, "two-people");
    let id = asked(&home, 5);
    says(
        &decide(&home, "approve", &id, "bo").ok(),
        "waits for others",
    );
    for again in ["bo", "bo-phone"] {
        let refused = decide(&home, "approve", &id, again).code(4);
        says(&refused, "has the yes of bo@corp.example already");
    }
    says(
        &home.run(&["approvals", &id]).ok(),
        "So far: bo@corp.example",
    );
    assert_eq!(wired(&home).len(), 0);
    says(&decide(&home, "approve", &id, "cy").ok(), "it went well");
    assert_eq!(wired(&home).len(), 1);
}

#[test]
fn a_key_that_is_not_enrolled_says_nothing() {
    let home = room();
    let id = asked(&home, 5);
    home.new_key("eve");
    for verb in ["approve", "deny"] {
        says(&decide(&home, verb, &id, "eve").code(4), "not believed");
    }
    assert_eq!(asked(&home, 5), id);
}

#[test]
fn too_late_is_too_late() {
    let home = room();
    settings(&home, "[confirm.quick]\npeople = 1\nwithin = \"2s\"\n");
    asks_for(&home, "quick");
    let id = asked(&home, 5);
    std::thread::sleep(std::time::Duration::from_secs(3));
    says(
        &decide(&home, "approve", &id, "bo").code(4),
        "no call waits",
    );
    says(&wire(&home, 5).code(4), "was not decided in time");
    assert_eq!(wired(&home).len(), 0);
}
