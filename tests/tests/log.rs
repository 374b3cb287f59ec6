//! What others check the log with, and without its host: receipts, checkpoints, exports.
#![cfg(test)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

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

#[test]
fn a_log_put_back_to_an_older_state_is_found_by_a_checkpoint_that_was_kept() {
    let home = with_calls(2);
    let audit = home.data("audit");
    home.run(&["audit", "checkpoint"]).ok();
    home.end_owner();
    let files = ["records.log", "checkpoint"];
    let older = files.map(|file| std::fs::read(audit.join(file)).expect("a file of the log"));
    home.call("echo_say", &json!({ "text": "bad" })).ok();
    let kept = home.run(&["audit", "checkpoint"]).ok().stdout;
    let kept = write(&home, "kept", &kept);
    home.run(&["audit", "verify", "--from", text(&kept)]).ok();
    home.end_owner();
    for (file, bytes) in files.iter().zip(older) {
        std::fs::write(audit.join(file), bytes).expect("it is put back");
    }
    // By the mark that lies there, and without it by what was kept alone.
    says(&home.run(&["audit", "verify"]), "its end was cut");
    std::fs::remove_file(audit.join("mark")).expect("it is taken away");
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

/// What says what the log is, by name.
type Beside = [(&'static str, Vec<u8>); 3];

fn beside(home: &Home) -> Beside {
    home.end_owner();
    ["records.log", "checkpoint", "mark"].map(|name| {
        let bytes = std::fs::read(home.data("audit").join(name));
        (name, bytes.expect("a file of the log"))
    })
}

fn put_back(home: &Home, files: &[(&'static str, Vec<u8>)]) {
    home.end_owner();
    for (name, bytes) in files {
        std::fs::write(home.data("audit").join(name), bytes).expect("it is put back");
    }
}

#[test]
fn a_log_put_back_to_an_older_checkpoint_is_not_opened_whatever_was_written_after_it() {
    let home = with_calls(1);
    let say = |text: &str| home.call("echo_say", &json!({ "text": text }));
    home.run(&["audit", "checkpoint"]).ok();
    let [old_records, old_checkpoint, old_mark] = beside(&home);
    say("b").ok();
    let newest = beside(&home);
    let old = [old_records, old_checkpoint, old_mark.clone()];
    // Who puts the mark back too is seen by a witness alone: here they write another history with it.
    put_back(&home, &old);
    for text in ["c", "d", "e"] {
        say(text).ok();
    }
    let [other_records, _, _] = beside(&home);
    let [old_records, old_checkpoint, _] = old;
    let [_, _, newest_mark] = newest.clone();

    let refused = |files: [(&'static str, Vec<u8>); 3], why: &str| {
        put_back(&home, &files);
        let found = say("f");
        assert_ne!(found.code, 0);
        says(&found, why);
        says(&found, "move it away to begin a new log");
    };
    let cut = [old_records, old_checkpoint.clone(), newest_mark.clone()];
    refused(cut, "its end was cut off, or an older state was put back");
    let rewritten = [other_records.clone(), old_checkpoint.clone(), newest_mark];
    refused(rewritten, "other records were written after it");
    // A mark of their own: what an older checkpoint says, under the tag of the older mark changed by a digit.
    let mut forged = old_mark.1;
    let last = forged.len() - 2;
    forged[last] = if forged[last] == b'0' { b'1' } else { b'0' };
    let forged = [
        other_records.clone(),
        old_checkpoint.clone(),
        ("mark", forged),
    ];
    refused(forged, "`audit/mark` is missing, or is not");
    std::fs::remove_file(home.data("audit").join("mark")).expect("it is taken away");
    put_back(&home, &[other_records, old_checkpoint]);
    says(&say("f"), "`audit/mark` is missing, or is not");

    put_back(&home, &newest);
    say("g").ok();
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn a_log_that_cannot_be_published_goes_on_and_the_operator_is_told_since_when_and_why() {
    let home = with_calls(1);
    home.run(&["audit", "checkpoint"]).ok();
    // A file where the edge of the tree is to lie.
    let edge = home.data("audit").join("tile/0/000.p");
    std::fs::remove_dir_all(&edge).expect("the edge is taken away");
    std::fs::write(&edge, "").expect("a file in its place");
    home.call("echo_say", &json!({ "text": "a" })).ok();
    assert_ne!(home.run(&["audit", "checkpoint"]).code, 0);
    says(&home.run(&["audit", "stats"]).ok(), "unpublished since 20");
    says(&home.run(&["audit", "verify"]), "unpublished since 20");
    let doctor = home.run(&["doctor"]);
    assert_ne!(doctor.code, 0);
    says(&doctor, "unpublished since 20");
    let begun = std::time::Instant::now();
    let log = || std::fs::read_to_string(home.data("owner.log")).expect("the owner's log");
    while !log().contains("the log can't be published") {
        assert!(begun.elapsed() < Duration::from_secs(40), "{}", log());
        home.run(&["list"]).ok();
        std::thread::sleep(Duration::from_millis(200));
    }
    std::fs::remove_file(&edge).expect("it is mended");
    home.run(&["audit", "checkpoint"]).ok();
    let stats = home.run(&["audit", "stats"]).ok();
    assert!(!stats.stderr.contains("unpublished"), "{}", stats.stderr);
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

#[test]
fn records_are_found_by_what_was_asked_of_them_and_counted_by_tool() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    home.with_limited_guest("sleeper", "time = \"300ms\"");
    home.call("echo_say", &json!({ "text": "a" })).ok();
    home.call("echo_say", &json!({ "text": "b" })).ok();
    home.call("echo_say", &json!({ "text": 3 }));
    home.call("sleeper_sleep", &json!({ "milliseconds": 60000 }));
    let found = |arguments: &[&str]| -> Vec<Json> {
        let all = [["audit", "query", "--json"].as_slice(), arguments].concat();
        let found = home.run(&all).ok().json();
        found.as_array().expect("records").clone()
    };
    let all = found(&[]);
    let kinds = |records: &[Json]| -> Vec<String> {
        let kind = |record: &Json| record["kind"].as_str().expect("a kind").to_owned();
        records.iter().map(kind).collect()
    };
    let echo = ["--skill", "guests:echo", "--tool", "say"];
    assert_eq!(
        kinds(&found(&echo)),
        ["intent", "outcome", "intent", "outcome", "refusal"]
    );
    let ok = found(&[echo.as_slice(), &["--result", "ok"]].concat());
    assert_eq!(kinds(&ok), ["outcome", "outcome"]);
    let late = found(&["--result", "deadline"]);
    assert_eq!(late.len(), 1, "{late:?}");
    let id = late[0]["correlation"].as_str().expect("its request");
    assert_eq!(kinds(&found(&["--correlation", id])), ["intent", "outcome"]);
    assert_eq!(kinds(&found(&["--result", "ARGUMENTS"])), ["refusal"]);
    let who = late[0]["principal"].as_str().expect("a pseudonym");
    assert!(found(&["--who", &who[..8]]).len() >= 7);
    assert_eq!(found(&["--who", "p-nobody"]), Vec::<Json>::new());
    assert_eq!(found(&["--since", "1h"]).len(), found(&[]).len());
    assert_eq!(found(&["--until", "1h"]), Vec::<Json>::new());
    let at = all[2]["time"].as_str().expect("a time");
    let until = found(&["--until", at]);
    assert_eq!(until.last().map(|last| &last["seq"]), Some(&json!(3)));
    let controls = found(&["--kind", "control"]);
    assert!(!controls.is_empty() && kinds(&controls).iter().all(|kind| kind == "control"));
    assert_eq!(found(&["--limit", "2"]).len(), 2);
    says(
        &home
            .run(&["audit", "query", "--since", "yesterday"])
            .code(2),
        "is no time",
    );
    says(
        &home.run(&["audit", "query", "--kind", "note"]).code(2),
        "is no kind of record",
    );

    let counted = home.run(&["audit", "stats", "--json"]).ok().json();
    let of = |tool: &str| {
        let tools = counted.as_array().expect("tools");
        tools
            .iter()
            .find(|one| one["tool"] == tool)
            .expect("the tool")
            .clone()
    };
    let say = of("say");
    assert_eq!(
        (&say["calls"], &say["ok"], &say["refused"]),
        (&json!(2), &json!(2), &json!(1))
    );
    assert!(
        say["fuel"].as_u64() > Some(0) && say["p99_ms"].as_f64() > Some(0.0),
        "{say}"
    );
    let sleep = of("sleep");
    assert_eq!((&sleep["calls"], &sleep["failed"]), (&json!(1), &json!(1)));
    assert!(sleep["p50_ms"].as_f64() > Some(0.0), "{sleep}");
}

#[test]
fn what_comes_is_printed_while_it_comes() {
    let home = with_calls(1);
    let mut tail = home
        .command(&["audit", "tail", "-f", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(tail.stdout.take().expect("its output")).lines();
    let (said, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = said.send(line);
        }
    });
    let next = || -> Json {
        let line = heard
            .recv_timeout(Duration::from_secs(20))
            .expect("a record");
        serde_json::from_str(&line).expect("JSON")
    };
    let last = home.records(1).remove(0);
    while next()["seq"] != last["seq"] {}
    home.call("echo_say", &json!({ "text": "b" })).ok();
    assert_eq!(next()["kind"], "intent");
    let outcome = next();
    assert_eq!(
        (&outcome["kind"], &outcome["tool"]),
        (&json!("outcome"), &json!("say"))
    );
    tail.kill().expect("it is ended");
    tail.wait().expect("it has ended");
}

#[test]
fn a_tile_that_was_changed_or_taken_away_is_named_and_made_again() {
    let home = with_calls(130);
    home.run(&["audit", "checkpoint"]).ok();
    home.end_owner();
    says(
        &home.run(&["audit", "fsck"]).ok(),
        "tiles     3 of 3 are what the records make them",
    );
    let tile = home.data("audit").join("tile/0/000");
    let good = std::fs::read(&tile).expect("a tile");
    let mut bad = good.clone();
    bad[7] ^= 1;
    for content in [Some(bad), None] {
        match content {
            Some(bad) => std::fs::write(&tile, bad).expect("it is changed"),
            None => std::fs::remove_file(&tile).expect("it is taken away"),
        }
        let found = home.run(&["audit", "fsck"]).code(4);
        says(&found, "wrong     tile/0/000: missing or otherwise");
        home.run(&["list"]).ok();
        home.end_owner();
        assert_eq!(std::fs::read(&tile).expect("it is there again"), good);
        home.run(&["audit", "fsck"]).ok();
    }
}
