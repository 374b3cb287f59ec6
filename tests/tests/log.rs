//! What others check the log with, and without its host: receipts, checkpoints, exports.
#![cfg(test)]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use vouchsafe_tests::say::{says, text};
use vouchsafe_tests::wire::Wire;
use vouchsafe_tests::{Home, home, python, wasm};

/// The verifier that stands by itself.
fn verifier(arguments: &[&str]) -> Output {
    let program = home::program().with_file_name("vouchsafe-verify");
    let output = Command::new(program).args(arguments).output();
    output.expect("`vouchsafe-verify` is built with the workspace")
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

fn key(home: &Home) -> String {
    home.run(&["audit", "key"]).ok().stdout.trim().to_owned()
}

fn write(home: &Home, name: &str, content: &str) -> PathBuf {
    let path = home.path(name);
    std::fs::write(&path, content).expect("the file is written");
    path
}

fn with_calls(calls: u32) -> Home {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    let mut wire = Wire::start(&home);
    for number in 0..calls {
        wire.call("echo_say", json!({ "text": number.to_string() }));
    }
    wire.end();
    home
}

#[test]
fn a_reply_carries_a_receipt_for_who_asks_and_it_verifies_without_the_host() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    let mut wire = Wire::start(&home);
    let asked = json!({
        "name": "echo_say",
        "arguments": { "text": "a" },
        "_meta": { "dev.vouchsafe/receipt": true },
    });
    let answer = wire.ask("tools/call", asked);
    let meta = &answer["result"]["_meta"];
    let receipt = &meta["dev.vouchsafe/receipt"];
    let record: Json = serde_json::from_str(receipt["record"].as_str().expect("a record"))
        .expect("the record is JSON");
    assert_eq!(record["seq"], meta["dev.vouchsafe/record"]["seq"]);
    assert_eq!(
        (&record["kind"], &record["status"]),
        (&json!("outcome"), &json!("ok"))
    );
    let plain = wire.call("echo_say", json!({ "text": "a" }));
    assert!(
        plain["result"]["_meta"]
            .get("dev.vouchsafe/receipt")
            .is_none()
    );
    wire.end();

    let key = key(&home);
    let file = write(&home, "receipt.json", &receipt.to_string());
    let good = verifier(&["receipt", text(&file), "--key", &key]);
    assert!(good.status.success(), "{}", said(&good));
    assert!(said(&good).contains("good      this record is in vouchsafe.log/"));
    let forged = receipt
        .to_string()
        .replace("\\\"status\\\":\\\"ok\\\"", "\\\"status\\\":\\\"no\\\"");
    assert_ne!(forged, receipt.to_string());
    let file = write(&home, "forged.json", &forged);
    let bad = verifier(&["receipt", text(&file), "--key", &key]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(
        said(&bad).contains("one of them was changed"),
        "{}",
        said(&bad)
    );
}

#[test]
fn an_export_is_good_for_the_separate_verifier_and_a_changed_one_is_not() {
    let home = with_calls(3);
    let key = key(&home);
    let older = home.run(&["audit", "checkpoint"]).ok().stdout;
    let older = write(&home, "older", &older);
    home.call("echo_say", &json!({ "text": "more" })).ok();
    let out = home.path("export");
    let exported = home.run(&["audit", "export", text(&out)]).ok();
    assert!(exported.stdout.contains(&key), "{}", exported.stdout);
    says(
        &home.run(&["audit", "export", text(&out)]),
        "is there already",
    );

    let check = |from: Option<&str>| {
        let mut arguments = vec!["log", text(&out), "--key", &key];
        arguments.extend(from.map(|from| ["--from", from]).into_iter().flatten());
        verifier(&arguments)
    };
    let good = check(Some(text(&older)));
    assert!(good.status.success(), "{}", said(&good));
    let entries = std::fs::read_dir(out.join("tile/entries")).expect("the entries");
    let entries = entries.flatten().map(|entry| entry.path());
    let bundle = entries
        .filter_map(|path| std::fs::read_dir(path).ok())
        .flatten()
        .flatten()
        .next();
    let bundle = bundle.expect("a bundle").path();
    let mut bytes = std::fs::read(&bundle).expect("the bundle");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&bundle, bytes).expect("the bundle is changed");
    let bad = check(None);
    assert_eq!(bad.status.code(), Some(1), "{}", said(&bad));
}

#[test]
fn an_export_is_good_for_a_verifier_that_somebody_else_wrote() {
    let python = match python::program("python") {
        Ok(python) => python,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    let home = with_calls(140);
    let out = home.path("export");
    home.run(&["audit", "export", text(&out)]).ok();
    let program = wasm::root().join("tests/python/tlog.py");
    let key = key(&home);
    let seen = python::run(text(&python), &[text(&program), text(&out), &key]);
    let seen: Json =
        serde_json::from_str(&seen.unwrap_or_else(|error| panic!("{error}"))).expect("what it saw");
    assert!(seen["size"].as_u64() > Some(280), "{seen}");
    assert_eq!(seen["tiles"], 3, "{seen}");

    std::fs::write(out.join("tile/1/000.p/1"), [0; 32]).expect("a tile is changed");
    let seen = python::run(text(&python), &[text(&program), text(&out), &key]);
    assert!(seen.is_err(), "it took a changed tile: {seen:?}");
}

/// Stops the owner, and waits until it has given back the space that its log had set aside.
fn ended(home: &Home) {
    home.run(&["stop"]).ok();
    let records = home.data("audit").join("records.log");
    let begun = Instant::now();
    while std::fs::read(&records).expect("the log").ends_with(&[0]) {
        assert!(begun.elapsed() < Duration::from_secs(20), "it goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_log_put_back_to_an_older_state_is_found_by_a_checkpoint_that_was_kept() {
    let home = with_calls(2);
    let audit = home.data("audit");
    home.run(&["audit", "checkpoint"]).ok();
    ended(&home);
    let files = ["records.log", "checkpoint"];
    let older = files.map(|file| std::fs::read(audit.join(file)).expect("a file of the log"));
    home.call("echo_say", &json!({ "text": "bad" })).ok();
    let kept = home.run(&["audit", "checkpoint"]).ok().stdout;
    let kept = write(&home, "kept", &kept);
    home.run(&["audit", "verify", "--from", text(&kept)]).ok();
    ended(&home);
    for (file, bytes) in files.iter().zip(older) {
        std::fs::write(audit.join(file), bytes).expect("it is put back");
    }
    let blind = home.run(&["audit", "verify"]).ok();
    assert!(
        blind.stdout.contains("put back to an older state"),
        "{}",
        blind.stdout
    );
    let found = home.run(&["audit", "verify", "--from", text(&kept)]);
    says(&found, "its end was cut");
    let forged = write(&home, "forged", "a\n1\nAA==\n\n\u{2014} a AAAAAAAA\n");
    let found = home.run(&["audit", "verify", "--from", text(&forged)]);
    assert_ne!(found.code, 0);
}

#[test]
fn a_proof_is_had_for_any_record_and_for_no_other_number() {
    let home = with_calls(1);
    let proved = home.run(&["audit", "prove", "1"]).ok();
    let file = write(&home, "one.json", &proved.stdout);
    let good = verifier(&["receipt", text(&file), "--key", &key(&home)]);
    assert!(good.status.success(), "{}", said(&good));
    for none in ["0", "100000"] {
        says(&home.run(&["audit", "prove", none]), "can't be proved");
    }
}
