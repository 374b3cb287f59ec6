//! What was shown is what is made, or nothing is.

use std::fs;

use vouchsafe_tests::Sketch;
use vouchsafe_tests::say::says;

use super::room::{asked, decide, enrol, room, wire, wired};

#[test]
fn a_change_of_the_rules_ends_what_waits() {
    let home = room();
    let id = asked(&home, 5);
    let role = home.config("roles/auditor.toml");
    fs::write(
        role,
        "role = \"auditor\"\nskills = [\"read\"]\ntools = []\n",
    )
    .unwrap();
    home.apply().ok();
    says(
        &decide(&home, "approve", &id, "bo").code(4),
        "no call waits",
    );
    says(
        &wire(&home, 5).code(4),
        "the rules changed since it was asked",
    );
    // Told once; what is asked now is asked under the new rules.
    assert_ne!(asked(&home, 5), id);
    assert_eq!(wired(&home).len(), 0);
}

#[test]
fn an_answer_is_fetched_whatever_changed_since() {
    let home = room();
    let id = asked(&home, 5);
    decide(&home, "approve", &id, "bo").ok();
    enrol(&home, "cy", "cy@corp.example");
    home.apply().ok();
    wire(&home, 5).ok();
    assert_eq!(wired(&home).len(), 1);
}

#[test]
fn switching_off_ends_what_waits() {
    let home = room();
    let id = asked(&home, 5);
    home.run(&["disable", "pay"]).ok();
    says(
        &decide(&home, "approve", &id, "bo").code(4),
        "no call waits",
    );
    let ended = home.records(10);
    let ended = ended
        .iter()
        .find(|record| record["action"] == "approval-ended");
    assert_eq!(
        ended.unwrap()["facts"]["told"],
        "its skill is off, or another version took its place"
    );
    assert_eq!(wired(&home).len(), 0);
}

#[test]
fn another_component_ends_what_waits() {
    let home = room();
    let id = asked(&home, 5);
    let pay = Sketch::new("acme:pay", "1.0.1", 7).with_amount("wire", "irreversible", 9);
    pay.install(&home, "pay-2");
    says(
        &decide(&home, "approve", &id, "bo").code(4),
        "no call waits",
    );
    assert_eq!(wired(&home).len(), 0);
}

#[test]
fn an_edit_behind_the_operator_s_back_stops_a_yes() {
    let home = room();
    let id = asked(&home, 5);
    let bo = home.config("approvers/bo.toml");
    let text = fs::read_to_string(&bo).unwrap();
    fs::write(&bo, text.replace("bo@corp.example", "cy@corp.example")).unwrap();
    let refused = decide(&home, "approve", &id, "bo").code(4);
    says(
        &refused,
        "`approvers/bo.toml` was edited since it was applied",
    );
    fs::write(&bo, text).unwrap();
    let grant = home.config("grants/acme.pay.toml");
    let text = fs::read_to_string(&grant).unwrap();
    fs::write(&grant, format!("{text}# more\n")).unwrap();
    let refused = decide(&home, "approve", &id, "bo").code(4);
    says(
        &refused,
        "`grants/acme.pay.toml` was edited since it was applied",
    );
    assert_eq!(wired(&home).len(), 0);
    // Nothing was counted, and nothing is lost.
    fs::write(&grant, text).unwrap();
    says(&decide(&home, "approve", &id, "bo").ok(), "it went well");
}

#[test]
fn who_is_not_enrolled_any_more_says_nothing() {
    let home = room();
    enrol(&home, "cy", "cy@corp.example");
    home.apply().ok();
    fs::remove_file(home.config("approvers/bo.toml")).unwrap();
    home.apply().ok();
    let id = asked(&home, 5);
    says(&decide(&home, "approve", &id, "bo").code(4), "not believed");
    says(&decide(&home, "approve", &id, "cy").ok(), "it went well");
}
