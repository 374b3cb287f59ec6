//! The official MCP client for Python lists and calls the tools over stdio.
#![cfg(test)]

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value as Json, json};
use vouchsafe_tests::say::text;
use vouchsafe_tests::{Home, home, wasm};

/// The interpreter of an environment with exactly the pinned packages, made once; or why this
/// machine has no Python to make it with.
fn python() -> Result<PathBuf, String> {
    let source = wasm::root().join("tests/python/requirements.txt");
    let environment = wasm::root().join("target/python");
    let python = environment.join("bin/python");
    let mark = environment.join("requirements.txt");
    let wanted = std::fs::read(&source).expect("the requirements");
    if std::fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run("python3", &["-m", "venv", "--clear", text(&environment)])?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let requirements = ["--require-hashes", "--requirement", text(&source)];
    run(text(&python), &[pip.as_slice(), &requirements].concat()).expect("the pinned packages");
    std::fs::write(&mark, wanted).expect("the mark");
    Ok(python)
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(words(&output.stdout));
    }
    Err(format!(
        "{program} {arguments:?}: {}",
        words(&output.stderr)
    ))
}

#[test]
fn the_official_python_client_lists_and_calls_the_tools() {
    let python = match python() {
        Ok(python) => python,
        Err(reason) => {
            println!("SKIPPED: this machine has no Python with venv and pip: {reason}");
            return;
        }
    };
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    home.with_guest("sleeper");
    let client = wasm::root().join("tests/python/client.py");
    let (program, place) = (home::program(), home.home());
    let arguments = [text(&client), text(&program), "--home", text(&place), "mcp"];
    let seen = run(text(&python), &arguments).unwrap_or_else(|error| panic!("{error}"));
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
        let numbers: Vec<String> = (0..50).map(|number: u32| number.to_string()).collect();
        assert_eq!(seen["together"], json!(numbers));
    }
}
