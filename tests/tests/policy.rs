//! Who decides on a call: conditions, defaults and policies, from the file to the refusal.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "policy/diff.rs"]
mod diff;

use std::fs;

use serde_json::json;
use vouchsafe_tests::say::says;
use vouchsafe_tests::{Home, Run, Sketch};

/// A home with `acme:pay`, whose `post` writes and takes an `amount`.
fn paying() -> Home {
    let home = Home::trusting(&["acme"]);
    Sketch::new("acme:pay", "1.0.0", 7)
        .with_amount("post", "write", 8)
        .install(&home, "pay");
    home
}

fn edit_grant(home: &Home, old: &str, new: &str) -> Run {
    let path = home.config("grants/acme.pay.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{text}");
    fs::write(&path, text.replace(old, new)).unwrap();
    home.apply()
}

fn post(home: &Home, amount: &str) -> Run {
    home.call("pay_post", &json!({ "amount": amount }))
}

#[test]
fn a_condition_asks_of_the_calls_that_it_is_about() {
    let home = paying();
    post(&home, "1").ok();
    let line = "post = { confirm = { when = \"input.amount > 9007199254740992\" } }";
    edit_grant(&home, "post = {}", line).ok();
    post(&home, "9007199254740992").ok();
    for more in ["9007199254740993", "18446744073709551615"] {
        says(&post(&home, more).code(4), "NOT_APPROVED");
    }
    let input = home.path("input.json");
    fs::write(&input, "{\"amount\": \"9007199254740993\"}").unwrap();
    let why = home.run(&[
        "why",
        "acme:pay",
        "post",
        "--input",
        input.to_str().unwrap(),
    ]);
    says(&why, "`input.amount` is above it");
}

/// Such a condition would ask each time, whatever its author meant.
#[test]
fn a_condition_about_an_argument_that_is_not_there_is_refused_by_pack_and_in_a_grant() {
    let home = paying();
    let line = "post = { confirm = { when = \"input.sum > 100\" } }";
    let there = "there is no argument `sum`; the tool takes `amount`";
    let applied = edit_grant(&home, "post = {}", line).code(4);
    says(&applied, "grants/acme.pay.toml:7:");
    says(&applied, there);
    says(&home.run(&["policy", "check"]).code(4), there);
    let source = Sketch::new("acme:pay", "1.0.1", 7).with_amount("post", "write", 7);
    let source = source.lay(&home, "absent");
    let manifest = source.join("skill.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let confirm = "[tools.post]\nconfirm = { when = \"input.sum > 100\" }\n";
    fs::write(&manifest, text.replace("[tools.post]\n", confirm)).unwrap();
    let output = home.path("absent.wasm");
    let packed = home.pack(&source, &source.join("component.wasm"), &output);
    says(&packed, "skill.toml:5: ");
    says(&packed, there);
    assert!(packed.code != 0 && !output.exists());
}

/// Writes `policies/house.cedar` and applies it.
fn police(home: &Home, text: &str) -> Run {
    let path = home.config("policies/house.cedar");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    home.apply()
}

#[test]
fn an_applied_policy_forbids_or_asks_and_why_names_its_line() {
    let home = paying();
    let shown = police(
        &home,
        "// over the house's limit\nforbid (principal, action == Action::\"call\", resource == Tool::\"acme:pay/post\")\nwhen { context has input && context.input.amount > 1000 };\n\n@confirm(\"four-eyes\")\nforbid (principal, action == Action::\"call_unattended\", resource in Skill::\"acme:pay\")\nwhen { context.input has amount && context.input.amount > 100 };\n",
    );
    says(&shown.ok(), "LESS   policies: + forbid");
    post(&home, "100").ok();
    says(&post(&home, "101").code(4), "NOT_APPROVED");
    let denied = post(&home, "1001").code(4);
    says(&denied, "NOT_ALLOWED");
    says(&denied, "policies/house.cedar:2");
    let input = home.path("input.json");
    fs::write(&input, "{\"amount\": 101}").unwrap();
    let why = home.run(&[
        "why",
        "acme:pay",
        "post",
        "--input",
        input.to_str().unwrap(),
    ]);
    says(&why, "policies/house.cedar:5");
    // Beyond what Cedar can hold it is not taken for less.
    says(&post(&home, "18446744073709551615").code(4), "NOT_ALLOWED");
}

#[test]
fn a_policy_that_permits_does_not_fit_or_asks_a_tier_that_is_not_there_is_an_error_with_its_line() {
    let home = paying();
    let cases = [
        (
            "\npermit (principal, action, resource);",
            "policies/house.cedar:2:1: a policy can't permit",
        ),
        (
            "forbid (principal, action, resource",
            "policies/house.cedar:1:",
        ),
        (
            "forbid (principal, action, resource == Tool::\"acme:pay/post\") when { context.input.sum > 1 };",
            "policies/house.cedar:1:1: it does not fit `acme:pay/post`",
        ),
        (
            "\n@confirm(\"the-board\")\nforbid (principal, action == Action::\"call_unattended\", resource);",
            "policies/house.cedar:2:1: no tier is called `the-board`",
        ),
    ];
    for (text, fault) in cases {
        says(&police(&home, text).code(4), fault);
        says(&home.run(&["policy", "check"]).code(4), fault);
    }
    fs::write(
        home.config("policies/house.cedar"),
        "forbid (principal, action, resource == Tool::\"acme:pay/post\");",
    )
    .unwrap();
    let check = home.run(&["policy", "check"]).ok();
    says(&check, "policies/house.cedar:1  a policy forbids it");
    says(&check, "can match local: acme:pay/post");
    let idle = "forbid (principal == Role::\"clerk\", action, resource);";
    says(&police(&home, idle).ok(), "can never match");
    post(&home, "1").ok();
}

#[test]
fn a_policy_that_is_edited_or_taken_away_without_a_proof_stops_the_calls() {
    let home = paying();
    let policy = "forbid (principal, action, resource) when { context.agent == \"x\" };\n";
    police(&home, policy).ok();
    post(&home, "1").ok();
    let path = home.config("policies/house.cedar");
    for edited in [
        Some("forbid (principal, action, resource) when { false };\n"),
        None,
    ] {
        match edited {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        says(&post(&home, "1").code(4), "was edited since it was applied");
        fs::write(&path, policy).unwrap();
        post(&home, "1").ok();
    }
}
