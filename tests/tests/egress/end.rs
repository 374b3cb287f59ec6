//! Whatever cuts a request, its intent has exactly one end, and the connection is gone.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value as Json, json};

use vouchsafe_tests::Socket;

use super::house::{Ask, House};
use super::server::{Authority, Server};

#[expect(
    clippy::zombie_processes,
    reason = "the caller waits for it; where no request comes, the test fails"
)]
fn begun(house: &House, server: &Server, path: &str) -> std::process::Child {
    let input = house.home.path("waiting.json");
    std::fs::write(
        &input,
        json!({ "request": Ask::get(server, path).json() }).to_string(),
    )
    .unwrap();
    let mut command = house.home.command(&[
        "call",
        "raw-http_wait",
        "--json",
        "--input",
        input.to_str().unwrap(),
    ]);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..400 {
        if server.requests().len() == 1 {
            return child;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("no request came");
}

/// The one end of the request that was made.
#[track_caller]
fn end(house: &House) -> Json {
    let records = house.settled(50);
    let intents: Vec<_> = records
        .iter()
        .filter(|record| record["action"] == "http" && record["kind"] == "intent")
        .collect();
    let [intent] = intents[..] else {
        panic!("{records:#?}")
    };
    let ends: Vec<_> = records
        .iter()
        .filter(|record| record["of"] == intent["seq"])
        .collect();
    let [end] = ends[..] else {
        panic!("{records:#?}")
    };
    end.clone()
}

#[test]
fn a_call_that_is_cancelled_leaves_one_unknown_and_no_connection() {
    let authority = Authority::new();
    for path in ["/api/silent", "/api/drip"] {
        let server = Server::tls_one(&authority, &["bank.test"]);
        let (house, _dns) = House::at(&server, &authority, "");
        let mut child = begun(&house, &server, path);
        child.kill().unwrap();
        child.wait().unwrap();
        server.comes_to(0);
        let end = end(&house);
        assert_eq!(
            (&end["kind"], &end["why"]),
            (&json!("unknown"), &json!("cancel")),
            "{path}"
        );
        assert!(end["sent"].as_u64().unwrap() > 0);
    }
}

#[test]
fn a_skill_that_is_switched_off_has_no_connection_left() {
    let authority = Authority::new();
    let server = Server::tls_one(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    let mut child = begun(&house, &server, "/api/drip");
    house.home.run(&["disable", "raw-http"]).ok();
    child.wait().unwrap();
    server.comes_to(0);
    let end = end(&house);
    assert_eq!(
        (&end["kind"], &end["why"]),
        (&json!("unknown"), &json!("kill"))
    );
}

#[test]
fn an_owner_that_dies_leaves_an_unknown_and_sends_nothing_again() {
    let authority = Authority::new();
    let server = Server::tls_one(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    let mut child = begun(&house, &server, "/api/silent");
    let owner = Socket::open(&house.home).ask(&json!({ "do": "ping" }));
    let owner = owner.unwrap()["pid"].as_u64().unwrap();
    let killed = std::process::Command::new("kill")
        .args(["-9", &owner.to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    child.wait().unwrap();
    house.home.run(&["list"]).ok();
    let end = end(&house);
    assert_eq!(
        (&end["kind"], &end["why"]),
        (&json!("unknown"), &json!("crash"))
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn nothing_is_sent_before_its_intent_is_in_the_log() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    let mut child = begun(&house, &server, "/api/silent");
    // The server has the request and has not answered: its intent is on the disk already.
    let log = std::fs::read_to_string(house.home.data("audit/records.log")).unwrap();
    let place = format!("https://bank.test:{}", server.port());
    assert!(log.contains(&place), "sent, and not recorded");
    child.kill().unwrap();
    child.wait().unwrap();
}
