//! A skill that calls another: within the grants of both, within what the caller has left, and on record.
#![cfg(test)]

#[path = "callee/bounds.rs"]
mod bounds;
#[path = "callee/chain.rs"]
mod chain;
#[path = "callee/grant.rs"]
mod grant;
#[path = "callee/record.rs"]
mod record;

use serde_json::{Value as Json, json};
use vouchsafe_tests::Home;

const CALLER: &str = "guests.asks-records";

/// The line that lets `asks-records` call `gives-records`.
const NAMED: &str = "[skills.\"guests:gives-records/records\"]\nskill = \"guests:gives-records\"\npublisher = \"publisher\"\n";

/// A home with both skills installed, the one allowed to call the other. The tool that can't be undone asks for a
/// person, as it always does.
fn both() -> Home {
    let home = Home::trusting(&["guests"]);
    home.with_guest("gives-records");
    home.with_granted_guest("asks-records", NAMED);
    home
}

/// What a call of the asking skill answered: its result, or its error.
#[track_caller]
fn ask(home: &Home, tool: &str, arguments: &Json) -> Result<Json, String> {
    let answer = home.call(&format!("asks-records_{tool}"), arguments).json();
    match answer["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["output"]["result"].clone()),
    }
}

/// What the asking skill heard in place of an answer.
#[track_caller]
fn heard(home: &Home, tool: &str, arguments: &Json) -> String {
    let error = ask(home, tool, arguments).unwrap_err();
    let said = error.strip_prefix("TOOL_ERROR: ").map(str::to_owned);
    let said = said.unwrap_or_else(|| panic!("{error}"));
    serde_json::from_str(&said).unwrap_or(said)
}

/// Changes the text of a grant and puts it into force.
#[track_caller]
fn regrant(home: &Home, skill: &str, change: impl FnOnce(String) -> String) {
    let file = home.config(&format!("grants/{skill}.toml"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, change(text)).unwrap();
    home.apply().ok();
}
