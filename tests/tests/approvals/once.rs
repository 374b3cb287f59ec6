//! One yes is one call: whoever says it again, however many at a time, and whatever ends in between.

use std::sync::Barrier;

use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_keys::PrivateKey;
use vouchsafe_package::Digest;
use vouchsafe_policy::approval::{Says, VoteStatement};
use vouchsafe_tests::say::says;
use vouchsafe_tests::{Home, Socket};

use super::room::{
    asked, asking, asks_for, decide, enrol, intents, name_in, room, settings, wire, wired,
};

/// What `name` signs of `id`, as it goes over the socket.
fn vote(home: &Home, id: &str, name: &str) -> Json {
    let shown = home.run(&["approvals", id, "--json"]).ok().json();
    let digest: Digest = shown["digest"].as_str().unwrap().parse().unwrap();
    signed(home, id, name, digest)
}

fn signed(home: &Home, id: &str, name: &str, digest: Digest) -> Json {
    let pem = std::fs::read_to_string(home.path(&format!("{name}.key"))).unwrap();
    let passphrase = std::fs::read_to_string(home.passphrase()).unwrap();
    let key = PrivateKey::from_pem(&pem, Some(&passphrase.trim_end().to_owned().into())).unwrap();
    let vote = VoteStatement::sign(digest, Says::Approve, clock::now(), &key).unwrap();
    json!({ "do": "vote", "id": id, "vote": vote })
}

#[test]
fn a_yes_that_is_said_again_makes_nothing_again() {
    let home = room();
    let id = asked(&home, 5);
    let vote = vote(&home, &id, "bo");
    let mut socket = Socket::open(&home);
    assert_eq!(socket.ask(&vote).unwrap()["how"], "ok");
    let again = socket.ask(&vote).unwrap_err();
    assert!(
        again["message"]
            .as_str()
            .unwrap()
            .contains("was approved already")
    );
    home.stop();
    let again = Socket::open(&home).ask(&vote).unwrap_err();
    assert!(
        again["message"]
            .as_str()
            .unwrap()
            .contains("was approved and made")
    );
    assert_eq!(wired(&home).len(), 1);
    // Who asked is told that it was made, and does not make it once more by asking.
    says(
        &wire(&home, 5).code(4),
        "was approved and made, or begun, before the host ended",
    );
    let other = asked(&home, 5);
    let mut moved = vote.clone();
    moved["id"] = json!(other);
    let refused = Socket::open(&home).ask(&moved).unwrap_err();
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("about another request")
    );
    assert_eq!(wired(&home).len(), 1);
}

#[test]
fn a_thousand_at_a_time_make_it_once() {
    let home = room();
    let id = asked(&home, 5);
    let vote = &vote(&home, &id, "bo");
    let (home, start) = (&home, &Barrier::new(20));
    let mut made = 0;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(move || {
                    let mut socket = Socket::open(home);
                    start.wait();
                    (0..50).filter(|_| socket.ask(vote).is_ok()).count()
                })
            })
            .collect();
        made = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
    });
    assert_eq!(made, 1);
    assert_eq!(wired(home).len(), 1);
    wire(home, 5).ok();
}

#[test]
fn what_waits_waits_on_when_the_host_was_ended() {
    let home = room();
    enrol(&home, "cy", "cy@corp.example");
    settings(
        &home,
        "[confirm.two-people]\npeople = 2\nfrom = \"pay-approvers\"\n",
    );
    asks_for(&home, "two-people");
    let id = asked(&home, 5);
    decide(&home, "approve", &id, "bo").ok();
    home.stop();
    says(
        &home.run(&["approvals", &id]).ok(),
        "So far: bo@corp.example",
    );
    says(&decide(&home, "approve", &id, "cy").ok(), "it went well");
    assert_eq!(wired(&home).len(), 1);
    wire(&home, 5).ok();
}

#[test]
fn a_kept_request_that_was_tampered_with_waits_for_nobody() {
    let home = room();
    let id = asked(&home, 5);
    home.stop();
    let kept = home.data("approvals").join(&id);
    let mut bytes = std::fs::read(&kept).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&kept, bytes).unwrap();
    says(&home.run(&["approvals", &id]).code(4), "no call waits");
    let other = asked(&home, 5);
    assert_ne!(other, id);
}

#[test]
fn no_argument_lies_readable_on_the_disk() {
    let home = room();
    let id = asked(&home, 987_654_321);
    let kept = std::fs::read(home.data("approvals").join(&id)).unwrap();
    assert!(!kept.windows(9).any(|bytes| bytes == b"987654321"));
}

#[test]
fn a_crash_in_the_middle_leaves_one_unknown_and_nothing_to_say_yes_to() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("endless-loop", "fuel = 1000000000000\ntime = \"60s\"");
    enrol(&home, "bo", "bo@corp.example");
    asking(&home, "guests.endless-loop", "run");
    let endless = || home.call("endless-loop_run", &json!({})).code(4);
    let id = name_in(&endless());
    let vote = vote(&home, &id, "bo");
    let mut socket = Socket::open(&home);
    let pid = socket.ask(&json!({ "do": "ping" })).unwrap()["pid"].to_string();
    std::thread::scope(|scope| {
        // It hears nothing: the host ends first.
        scope.spawn(|| std::panic::catch_unwind(|| Socket::open(&home).ask(&vote)));
        while intents(&home, "run").is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let killed = std::process::Command::new("kill")
            .args(["-9", &pid])
            .status();
        assert!(killed.unwrap().success());
    });
    let again = Socket::open(&home).ask(&vote).unwrap_err();
    assert!(
        again["message"]
            .as_str()
            .unwrap()
            .contains("was approved and made")
    );
    says(
        &endless(),
        "was approved and made, or begun, before the host ended",
    );
    let ends = home.records(1000);
    let ends = ends.iter().filter(|record| record["kind"] == "unknown");
    assert_eq!(ends.map(|end| &end["why"]).collect::<Vec<_>>(), ["crash"]);
    assert_eq!(intents(&home, "run").len(), 1);
}

#[test]
fn what_the_host_stops_while_it_waits_for_people_is_not_made() {
    let home = room();
    let id = asked(&home, 5);
    let vote = vote(&home, &id, "bo");
    home.run(&["disable", "pay"]).ok();
    home.stop();
    assert!(Socket::open(&home).ask(&vote).is_err());
    assert_eq!(wired(&home).len(), 0);
}

#[test]
fn a_yes_beside_another_signature_is_nobody_s() {
    let home = room();
    let id = asked(&home, 5);
    let mut vote = vote(&home, &id, "bo");
    let mut forged = vote["vote"]["signatures"][0].clone();
    forged["sig"] = json!("QUJD");
    let signatures = vote["vote"]["signatures"].as_array_mut().unwrap();
    signatures.insert(0, forged);
    let refused = Socket::open(&home).ask(&vote).unwrap_err();
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("not in the form"),
        "{refused}"
    );
    assert_eq!(wired(&home).len(), 0);
}

#[test]
fn what_nobody_could_read_is_not_asked_and_nobody_s_list_is_full_of_it() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    enrol(&home, "bo", "bo@corp.example");
    asking(&home, "guests.echo", "say");
    let say = |text: String| home.call("echo_say", &json!({ "text": text })).code(4);
    says(
        &say("x".repeat(80 << 10)),
        "longer than anybody can be asked about",
    );
    for n in 0..10 {
        name_in(&say(format!("{n}{}", "\0".repeat(9 << 10))));
    }
    let listed = home.run(&["approvals", "--json"]).ok().json();
    assert_eq!(listed.as_array().unwrap().len(), 10);
    says(&home.run(&["approvals"]).ok(), "guests:echo / say");
}
