//! What only an operator can complete stays out of the way of everything else until it is complete.

use std::fs;

use serde_json::json;
use vouchsafe_tests::say::{answers, says, text};
use vouchsafe_tests::{Home, Run};

use super::pay;

const DRAFT: &str = "drafts/guests.update.toml";
const GRANT: &str = "grants/guests.update.toml";

/// A home in which `guests:update`, whose destination nobody has named yet, was asked for; and what that said.
fn asked_for() -> (Home, Run) {
    let home = Home::trusting(&["guests", "acme"]);
    let file = home.pack_guest("update-new");
    home.sign(&file);
    let run = home.install(&file).code(4);
    (home, run)
}

fn fill_in(home: &Home) {
    let draft = fs::read_to_string(home.config(DRAFT)).unwrap();
    let filled = draft.replace("url   = \"\"", "url   = \"https://statistics.example\"");
    assert_ne!(draft, filled);
    fs::write(home.config(DRAFT), filled).unwrap();
}

#[test]
fn a_grant_with_blanks_keeps_nothing_else_back() {
    let (home, run) = asked_for();
    let (draft, grant) = (home.config(DRAFT), home.config(GRANT));
    let (draft, grant) = (text(&draft), text(&grant));
    says(
        &run,
        &format!(
            "fill in `http.statistics.url` in {draft}, then run `mv {draft} {grant}` and `vouchsafe apply`"
        ),
    );
    assert!(!home.config(GRANT).exists());
    says(&home.run(&["policy", "check"]).ok(), "no faults");
    pay("1.0.0", 7).install(&home, "pay");
    answers(&home, "pay_sum", 7);
    // Filled in and moved as it says, it is in force.
    fill_in(&home);
    fs::rename(draft, grant).unwrap();
    home.apply().ok();
    says(&home.run(&["why", "update", "greet"]).ok(), "allowed");
}

#[test]
fn a_draft_that_was_filled_in_is_not_written_over() {
    let (home, _) = asked_for();
    fill_in(&home);
    let filled = fs::read(home.config(DRAFT)).unwrap();
    let file = home.path("update-new.wasm");
    for verb in ["grant", "install"] {
        let run = home.run(&[
            verb,
            text(&file),
            "--yes",
            "--passphrase-file",
            home.passphrase(),
        ]);
        let run = run.code(4);
        says(
            &run,
            "is there already and was left as it is: look at it, then run `mv ",
        );
        says(
            &run,
            &format!("to start afresh, run `rm {}`", text(&home.config(DRAFT))),
        );
        assert_eq!(fs::read(home.config(DRAFT)).unwrap(), filled);
    }
    // What it was filled in for may be other bytes by now.
    let other = String::from_utf8(filled)
        .unwrap()
        .replace("sha256:", "sha256:0");
    fs::write(home.config(DRAFT), &other).unwrap();
    says(&home.install(&file).code(4), "fill in `digest = \"sha256:");
    assert_eq!(fs::read_to_string(home.config(DRAFT)).unwrap(), other);
    fs::remove_file(home.config(DRAFT)).unwrap();
    says(
        &home.install(&file).code(4),
        "fill in `http.statistics.url`",
    );
}

#[test]
fn where_nothing_changed_nothing_is_signed() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0", 7).install(&home, "pay");
    // Without a proof, since none is needed.
    says(
        &home.run(&["apply"]).ok(),
        "nothing to apply: the files are as statement 3",
    );
    says(&home.install(&file).ok(), "nothing to apply");
    let told = home.run(&["apply", "--json"]).ok().json();
    assert_eq!(told["changes"], json!([]));
    assert_eq!(told["in_force"]["serial"], 3);
    assert!(
        told["in_force"]["statement"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
    home.run(&["stop"]).ok();
    assert!(
        home.records(100)
            .iter()
            .filter(|one| one["action"] == "apply")
            .count()
            == 3
    );
    // A file that means the same in other bytes is applied, and so is a skill that was off.
    let trust = fs::read_to_string(home.config("trust.toml")).unwrap();
    fs::write(home.config("trust.toml"), format!("{trust}\n# the same\n")).unwrap();
    says(&home.apply().ok(), "in force: statement 4");
    home.run(&["disable", "pay"]).ok();
    let on = home.install(&file).ok();
    says(&on, ": switched on again");
    says(&on, "in force: statement 5");
    assert!(!on.stderr.contains("nothing changes"), "{}", on.stderr);
    answers(&home, "pay_sum", 7);
}
