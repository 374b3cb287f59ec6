//! The hardening guide's configuration becomes files that are read as rules, and what can't become one is said.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use vouchsafe_tests::say::{says, text};
use vouchsafe_tests::{Home, Run, wasm};

use super::{pay, shown};

/// The guide's file as its page shows it.
fn guide() -> Json {
    let page = fs::read_to_string(wasm::root().join("docs/convert.md")).unwrap();
    let (_, rest) = page.split_once("```json guide\n").unwrap();
    serde_json::from_str(rest.split("```").next().unwrap()).unwrap()
}

/// What `convert` does with `document`, about the tool that `acme:pay` has.
fn convert(home: &Home, document: &Json, more: &[&str]) -> Run {
    let (file, out) = (home.path("guide.json"), home.path("out"));
    fs::write(&file, document.to_string()).unwrap();
    let about = ["--tool", "acme:pay/sum", "--publisher", "publisher"];
    home.run(
        &[
            &["convert", text(&file), "--out", text(&out)],
            &about[..],
            more,
        ]
        .concat(),
    )
}

/// Puts the files of `from` into `to`, as an operator would.
fn take_over(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let there = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            fs::create_dir_all(&there).unwrap();
            take_over(&entry, &there);
        } else {
            fs::copy(&entry, &there).unwrap();
        }
    }
}

#[test]
fn what_is_converted_is_read_as_rules_and_holds() {
    let home = Home::trusting(&["acme"]);
    let mut document = guide();
    document.as_object_mut().unwrap().remove("ssrfProtection"); // `acme:pay` reaches nothing
    let run = convert(&home, &document, &[]).code(1);
    insta::assert_snapshot!(shown(&home, &run));
    take_over(&home.path("out"), &home.path("home/config"));
    says(&home.run(&["policy", "check"]).ok(), "no faults");
    pay("1.0.0", 7).install(&home, "pay");
    let grant = fs::read_to_string(home.config("grants/acme.pay.toml")).unwrap();
    assert!(
        grant.contains("confirm = \"human-review-queue\""),
        "{grant}"
    );
    // What the guide said is what is done: a person is asked, and the role may call this tool and no other.
    says(&home.run(&["call", "pay_sum"]).code(4), "NOT_APPROVED");
    let asked = home.run(&["why", "pay_sum", "--as", "invoice-processing-agent/one"]);
    says(&asked.code(4), "human-review-queue");
}

#[test]
fn a_destination_that_is_converted_is_read_as_one() {
    let home = Home::trusting(&["acme"]);
    let run = convert(&home, &guide(), &["--json"]).code(1).json();
    let told = |key: &str| {
        let told = run["told"].as_array().unwrap();
        told.iter().find(|told| told["key"] == key).unwrap().clone()
    };
    let private = told("/ssrfProtection/blockPrivateRanges");
    assert!(
        private["not"].as_str().unwrap().contains("private = ["),
        "{private}"
    );
    assert!(told("/ssrfProtection/requireHttps")["already"].is_string());
    let place = told("/ssrfProtection/allowedHosts/0")["line"]
        .as_str()
        .unwrap()
        .to_owned();
    let (file, line) = place.split_once(':').unwrap();
    let grant = fs::read_to_string(home.path("out").join(file)).unwrap();
    let line = grant.lines().nth(line.parse::<usize>().unwrap() - 1);
    assert_eq!(line, Some("url = \"https://bank.corp.internal:8443\""));
    take_over(&home.path("out"), &home.path("home/config"));
    says(&home.run(&["policy", "check"]).ok(), "no faults");
}

#[test]
fn a_key_that_is_not_known_is_named_and_nothing_is_written() {
    let home = Home::empty();
    let mut document = guide();
    document["permissions"]["deny"] = json!(["payments"]);
    document["identity"]["lifetime"] = json!("24h");
    let run = convert(&home, &document, &[]).code(2);
    says(&run, "/permissions/deny");
    says(&run, "/identity/lifetime");
    assert!(!home.path("out").exists());
    fs::write(
        home.path("guide.json"),
        "{\"role\": \"a\", \"role\": \"b\"}",
    )
    .unwrap();
    let (file, out) = (home.path("guide.json"), home.path("out"));
    let twice = home.run(&["convert", text(&file), "--out", text(&out)]);
    says(&twice.code(2), "the same key twice");
    assert!(!home.path("out").exists());
}

#[test]
fn no_file_that_is_there_is_changed() {
    let home = Home::empty();
    let role = home.path("out/vouchsafe.toml");
    fs::create_dir_all(home.path("out")).unwrap();
    fs::write(&role, "# mine\n").unwrap();
    says(&convert(&home, &guide(), &[]).code(2), "is there already");
    assert_eq!(fs::read_to_string(&role).unwrap(), "# mine\n");
    assert_eq!(fs::read_dir(home.path("out")).unwrap().count(), 1);
}
