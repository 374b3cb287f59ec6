//! Settings: the skill declares the names, the grant gives the values, and nothing else is there.

use serde_json::{Value as Json, json};
use vouchsafe_tests::Home;
use vouchsafe_tests::say::says;

const GUEST: &str = "settings-reader";
const GRANT: &str = "grants/guests.settings-reader.toml";

fn home(settings: &str) -> Home {
    let home = Home::trusting(&["guests"]);
    home.with_granted_guest(GUEST, settings);
    home
}

#[track_caller]
fn output(home: &Home, tool: &str, arguments: &Json) -> Json {
    let tool = format!("{GUEST}_{tool}");
    let answer = home.call(&tool, arguments).ok().json();
    answer["output"]["result"].clone()
}

#[track_caller]
fn change(home: &Home, from: &str, to: &str) {
    let text = std::fs::read_to_string(home.config(GRANT)).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(home.config(GRANT), text.replace(from, to)).unwrap();
}

#[test]
fn a_setting_is_what_the_grant_says_else_the_default_and_nothing_undeclared_is_there() {
    let home = home("[settings]\nrate = \"11\"\n");
    assert_eq!(
        output(&home, "all", &json!({})),
        json!([["currency", "EUR"], ["rate", "11"]])
    );
    assert_eq!(
        output(&home, "convert", &json!({ "crowns": 250 })),
        "27.50 EUR"
    );
    for name in ["region", "Rate", "rate ", "", "PATH", "HOME"] {
        let found = output(&home, "get", &json!({ "name": name }));
        assert_eq!(found, Json::Null, "{name}");
    }
}

#[test]
fn a_setting_changes_when_it_is_applied_and_not_before() {
    let home = home("[settings]\nrate = \"11\"\n");
    let convert = format!("{GUEST}_convert");
    let crowns = json!({ "crowns": 100 });
    change(&home, "rate = \"11\"", "rate = \"12\"\ncurrency = \"NOK\"");
    says(&home.call(&convert, &crowns).code(4), "was edited");
    let applied = home.apply().ok();
    for line in [
        "+ setting rate is \"12\"",
        "- setting rate is \"11\"",
        "+ setting currency is \"NOK\"",
    ] {
        says(&applied, line);
    }
    assert_eq!(output(&home, "convert", &crowns), "12.00 NOK");
}

#[test]
fn a_value_that_the_skill_can_t_use_is_its_own_error_and_of_one_call() {
    let home = home("[settings]\nrate = \"eleven\"\n");
    let failed = home.call(&format!("{GUEST}_convert"), &json!({ "crowns": 1 }));
    says(&failed.code(5), "the setting `rate`: invalid digit");
    assert_eq!(output(&home, "get", &json!({ "name": "rate" })), "eleven");
}

#[test]
fn a_grant_sets_what_is_declared_and_all_that_has_no_default() {
    let home = home("[settings]\nrate = \"11\"\n");
    for (to, problem, fix) in [
        (
            "rate = \"11\"\nregion = \"eu\"",
            "the skill declares no setting `region`",
            "take `region` out of `[settings]`",
        ),
        (
            "currency = \"NOK\"",
            "nothing says what the setting `rate` is",
            "under `[settings]`, add the line `rate = \"...\"`",
        ),
    ] {
        change(&home, "rate = \"11\"", to);
        let refused = home.apply().code(4);
        for part in [GRANT, problem, fix] {
            says(&refused, part);
        }
        change(&home, to, "rate = \"11\"");
    }
}

#[test]
fn what_only_the_operator_can_set_is_left_to_be_filled_in() {
    let home = Home::trusting(&["guests"]);
    let packed = home.pack_guest(GUEST);
    home.sign(&packed);
    let installed = home.install(&packed);
    let draft = home.config(&GRANT.replace("grants/", "drafts/"));
    let text = std::fs::read_to_string(&draft).unwrap();
    let settings = text.split("[settings]\n").nth(1).unwrap();
    assert_eq!(
        settings,
        "# `currency` is \"EUR\" unless it is set here\nrate = \"\"\n"
    );
    says(&installed, "fill in `settings.rate` in");
    std::fs::rename(draft, home.config(GRANT)).unwrap();
    change(&home, "rate = \"\"", "rate = \"10\"");
    home.apply().ok();
    assert_eq!(
        output(&home, "convert", &json!({ "crowns": 1 })),
        "0.10 EUR"
    );
}
