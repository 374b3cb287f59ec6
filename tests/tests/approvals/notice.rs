//! Whoever is to look hears that a call waits: signed, without its arguments, again until it is taken.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use vouchsafe_tests::hook::{Hook, Post};
use vouchsafe_tests::say::text;
use vouchsafe_tests::{Home, python, wasm};

use super::room::{asked, decide, room, settings, wired};

const KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A room that tells `hook`.
fn told(hook: &Hook) -> Home {
    let home = room();
    home.keep("notices", KEY);
    let pem = &hook.authority.pem;
    let notify = format!(
        "[notify]\nurl = 'https://{}/vouchsafe'\nkey = 'notices'\nroots = '''\n{pem}'''\n",
        hook.address
    );
    settings(&home, &notify);
    home
}

/// The first so many posts.
#[track_caller]
fn posts(hook: &Hook, many: usize) -> Vec<Post> {
    let begun = Instant::now();
    while hook.posts().len() < many {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            hook.posts()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    hook.posts()
}

fn header<'a>(post: &'a Post, name: &str) -> &'a str {
    post.headers[name].to_str().unwrap()
}

/// Whether somebody else finds the post signed with `key`.
fn is_signed(post: &Post, key: &str) -> bool {
    let asked = json!({
        "key": key, "id": header(post, "webhook-id"), "timestamp": header(post, "webhook-timestamp"),
        "body": post.body, "signature": header(post, "webhook-signature"),
    });
    let script = wasm::root().join("tests/python/webhook.py");
    let said = python::run("python3", &[text(&script), &asked.to_string()]);
    said.unwrap().trim() == "signed"
}

/// How often the log says that somebody was told.
fn recorded(home: &Home, action: &str) -> usize {
    let records = home.records(500);
    records
        .iter()
        .filter(|record| record["action"] == action)
        .count()
}

#[test]
fn a_waiting_call_is_told_once_signed_and_without_its_arguments() {
    let hook = Hook::open(&[]);
    let home = told(&hook);
    let id = asked(&home, 88_442_211);
    let post = posts(&hook, 1).remove(0);
    assert!(is_signed(&post, KEY) && !is_signed(&post, "whsec_AAAA"));
    let said: Json = serde_json::from_str(&post.body).unwrap();
    assert_eq!(said["type"], "approval.waiting");
    assert_eq!(
        (&said["data"]["id"], &said["data"]["tool"]),
        (&json!(id), &json!("wire"))
    );
    assert!(
        !post.body.contains("88442211") && !post.body.contains(KEY),
        "{}",
        post.body
    );
    assert_eq!(header(&post, "webhook-id"), format!("approval-{id}"));
    // The same call asked again is the same request.
    assert_eq!(asked(&home, 88_442_211), id);
    decide(&home, "approve", &id, "bo").ok();
    assert_eq!((hook.posts().len(), wired(&home).len()), (1, 1));
    assert_eq!(recorded(&home, "notified"), 1);
    let all = Json::from(home.records(500)).to_string();
    assert!(!all.contains("C2FVsBQIhrscChlQIMV"));
}

#[test]
fn it_is_told_again_until_it_is_taken_and_redirects_are_not_followed() {
    let hook = Hook::open(&[500, 307]);
    let home = told(&hook);
    let id = asked(&home, 1);
    let all = posts(&hook, 3);
    let names: Vec<_> = all.iter().map(|post| header(post, "webhook-id")).collect();
    assert_eq!(names, vec![format!("approval-{id}"); 3]);
    assert!(all.iter().all(|post| is_signed(post, KEY)));
}

#[test]
fn what_is_decided_is_told_no_more_and_who_can_t_be_told_holds_nothing_up() {
    let hook = Hook::open(&[500; 100]);
    let home = told(&hook);
    let id = asked(&home, 1);
    posts(&hook, 1);
    decide(&home, "approve", &id, "bo").ok();
    let sent = hook.posts().len();
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(hook.posts().len(), sent);
    assert_eq!((wired(&home).len(), recorded(&home, "notified")), (1, 0));
}

#[test]
fn a_service_that_nobody_vouches_for_and_a_missing_key_are_told_nothing() {
    let hook = Hook::open(&[]);
    let home = told(&hook);
    let pem = Hook::open(&[]).authority.pem.clone();
    let other = format!(
        "[notify]\nurl = 'https://{}/vouchsafe'\nkey = 'notices'\nroots = '''\n{pem}'''\n",
        hook.address
    );
    settings(&home, &other);
    asked(&home, 1);
    settings(
        &home,
        &other.replace("key = 'notices'", "key = 'never-set'"),
    );
    asked(&home, 2);
    let check = home.run(&["secret", "check"]);
    assert_ne!(check.code, 0);
    assert!(check.stdout.contains("never-set"), "{}", check.stdout);
    std::thread::sleep(Duration::from_secs(2));
    assert!(hook.posts().is_empty());
}
