//! Nothing of a guest gets where a protocol is spoken, and nothing of the host gets to a guest or an agent.

use super::wire::{Wire, error_code, result, text};
use super::with;
use serde_json::{Value as Json, json};

#[test]
fn what_a_guest_prints_never_reaches_the_protocol() {
    let home = with(&["stdout-flood", "log-flood", "panics"]);
    let mut wire = Wire::open(&home);
    let printed = wire.call("stdout-flood_print", &json!({ "lines": 5000 }));
    let framed = wire.call("stdout-flood_frame", &json!({}));
    let logged = wire.call("log-flood_control", &json!({}));
    let panicked = wire.call("panics_panic", &json!({ "message": "GUEST-PANIC" }));
    assert_eq!(*result(&wire.answer(printed)), json!(5000));
    assert_eq!(*result(&wire.answer(framed)), json!("printed"));
    assert_ne!(wire.answer(logged)["result"]["isError"], true);
    assert_eq!(error_code(&wire.answer(panicked)), "TRAP");
    wire.ping();
    // Each of them an answer to one of six requests, and no word of a guest in any.
    assert_eq!(
        wire.raw.len(),
        6,
        "{:?}",
        String::from_utf8_lossy(&wire.raw.concat())
    );
    for line in &wire.raw {
        let message: Json = serde_json::from_slice(line).unwrap();
        assert_eq!(message["jsonrpc"], "2.0");
        assert!((1..=6).contains(&message["id"].as_u64().unwrap()));
        let line = String::from_utf8_lossy(line);
        assert!(
            !line.contains("GUEST-") && !line.contains("forged"),
            "{line}"
        );
    }
}

#[test]
fn no_variable_argument_or_path_of_the_host_reaches_a_guest_or_an_agent() {
    let home = with(&["env-reader", "wat-many-instances", "panics"]);
    home.run(&["stop"]).ok();
    let secret = "VOUCHSAFE-TEST-SECRET";
    let started = home
        .command(&["list"])
        .env("VOUCHSAFE_TEST", secret)
        .env("PWD", secret)
        .output()
        .unwrap();
    assert!(started.status.success());
    let mut wire = Wire::open(&home);
    let here = home.home();
    let mut calls = vec![
        wire.call("env-reader_look", &json!({})),
        wire.call(
            "env-reader_open",
            &json!({ "path": here.join("data/seal.key") }),
        ),
        wire.call(
            "env-reader_open",
            &json!({ "path": "../../../../../../etc/hostname" }),
        ),
        wire.call("env-reader_open", &json!({ "path": "/proc/self/environ" })),
        wire.call(
            "env-reader_connect",
            &json!({ "address": "localhost", "port": 1 }),
        ),
        wire.call("wat-many-instances_run", &json!({})),
        wire.call("panics_panic", &json!({ "message": "" })),
        wire.ask("tools/list", &json!({})),
    ];
    for id in calls.drain(..) {
        wire.answer(id);
    }
    let heard = String::from_utf8(wire.raw.concat()).unwrap();
    let hidden = [
        here.to_str().unwrap(),
        "/root",
        "/home",
        "/tmp/",
        secret,
        "OPEN",
        ".cargo",
        "/rustc/",
    ];
    for hidden in hidden {
        let asked_for = heard.matches(hidden).count();
        assert_eq!(asked_for, 0, "`{hidden}` in {heard}");
    }
}

#[test]
fn why_the_host_could_not_run_it_is_for_the_operator_alone() {
    let home = with(&["wat-many-instances"]);
    let mut wire = Wire::open(&home);
    let id = wire.call("wat-many-instances_run", &json!({}));
    let answer = wire.answer(id);
    assert_eq!(text(&answer), "NOT_LOADED: the host could not run it");
    let operator = home.call("wat-many-instances_run", &json!({})).code(4);
    assert!(
        operator.stdout.contains("501 core module instances"),
        "{}",
        operator.stdout
    );
}
