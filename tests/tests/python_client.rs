//! The official MCP client for Python lists and calls the tools over stdio.
#![cfg(test)]

use serde_json::{Value as Json, json};
use vouchsafe_tests::say::text;
use vouchsafe_tests::{Home, home, python, wasm};

#[test]
fn the_official_python_client_lists_and_calls_the_tools() {
    let python = match python::program("python") {
        Ok(python) => python,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    home.with_guest("sleeper");
    let client = wasm::root().join("tests/python/client.py");
    let (program, place) = (home::program(), home.home());
    let arguments = [text(&client), text(&program), "--home", text(&place), "mcp"];
    let seen = python::run(text(&python), &arguments).unwrap_or_else(|error| panic!("{error}"));
    let seen: Json = serde_json::from_str(&seen).expect("what it saw");
    for (mode, revision) in [("auto", "2026-07-28"), ("legacy", "2025-11-25")] {
        let seen = &seen[mode];
        assert_eq!(seen["revision"], revision);
        assert_eq!(
            seen["tools"],
            json!(["echo_say", "sleeper_poll", "sleeper_sleep"])
        );
        assert_eq!(seen["said"]["result"], "gr\u{fc}\u{df}\u{200b}dich");
        assert_eq!(seen["wrong"][0], true);
        assert!(seen["wrong"][1].to_string().contains("/text"), "{seen}");
        assert_eq!(seen["slow"][0], false);
        assert!(seen["slow"][1].as_u64() > Some(0), "no progress: {seen}");
        assert_eq!(seen["unknown"], -32602);
        assert_eq!(seen["after"]["result"], "still here", "{seen}");
        let numbers: Vec<String> = (0..50).map(|number: u32| number.to_string()).collect();
        assert_eq!(seen["together"], json!(numbers));
    }
}
