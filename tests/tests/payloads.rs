//! What records commit to: kept sealed for whom it is about, opened against its record, and erased.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use vouchsafe_keys::{PrivateKey, Secret, statement};
use vouchsafe_tests::home::{Run, program};
use vouchsafe_tests::say::text;
use vouchsafe_tests::socket::Socket;
use vouchsafe_tests::{Home, wasm};

const ANNA: &str = "anna-4711-of-oslo";
const BERT: &str = "bert-0815-of-bergen";

/// A home with `echo`, whose `say` is about the one that its `text` names.
fn with_subjects() -> Home {
    let home = Home::trusting(&["guests"]);
    let packed = home.path("echo.wasm");
    pack(&home, "text", &packed).ok();
    home.sign(&packed);
    home.install(&packed).ok();
    home.warm("echo_say", &json!({ "text": ANNA }));
    home.call("echo_say", &json!({ "text": BERT })).ok();
    home
}

/// Packs `echo` with `subject` as the place where whom `say` is about stands.
fn pack(home: &Home, subject: &str, packed: &Path) -> Run {
    let (original, source) = (wasm::guest_source("echo"), home.path("source"));
    let world = std::fs::read(original.join("wit/world.wit")).expect("its WIT");
    std::fs::create_dir_all(source.join("wit")).expect("a directory");
    std::fs::write(source.join("wit/world.wit"), world).expect("a copy");
    let manifest = std::fs::read_to_string(original.join("skill.toml")).expect("its manifest");
    let manifest = manifest.replace(
        "[tools.say]\n",
        &format!("[tools.say]\nsubjects = [\"{subject}\"]\n"),
    );
    std::fs::write(source.join("skill.toml"), manifest).expect("a manifest");
    home.pack(&source, &wasm::component("echo"), packed)
}

/// The last intent and outcome.
fn last_call(home: &Home) -> (u64, u64) {
    let records = home.records(2);
    let seq = |kind: &str| {
        let record = records.iter().find(|record| record["kind"] == kind);
        record
            .and_then(|record| record["seq"].as_u64())
            .expect(kind)
    };
    (seq("intent"), seq("outcome"))
}

fn payload(home: &Home, seq: u64) -> Run {
    home.run(&["audit", "show", "--payload", &seq.to_string()])
}

fn exported(home: &Home, subject: &str) -> Vec<Json> {
    let exported = home.run(&["audit", "export", "--subject", subject]).ok();
    let lines = exported.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn erase(home: &Home, subject: &str, name: &str) -> (Run, PathBuf) {
    let certificate = home.path(name);
    let erased = home.run(&[
        "audit",
        "erase",
        "--subject",
        subject,
        "--certificate",
        text(&certificate),
        "--yes",
        "--json",
        "--passphrase-file",
        home.passphrase(),
    ]);
    (erased, certificate)
}

fn verifier(arguments: &[&str]) {
    let program = program().with_file_name("vouchsafe-verify");
    let output = Command::new(program).args(arguments).output();
    let output = output.expect("`vouchsafe-verify` is built with the workspace");
    assert!(output.status.success(), "{output:?}");
}

/// The files below `directory` that have `bytes` in them.
fn files_with(directory: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if path.is_file() {
            let content = std::fs::read(&path).expect("a file");
            if content.windows(bytes.len()).any(|part| part == bytes) {
                found.push(path);
            }
        }
    }
    found
}

fn nowhere(home: &Home, what: &str) {
    assert_eq!(
        files_with(&home.home(), what.as_bytes()),
        [] as [PathBuf; 0]
    );
}

/// The wrapped key that a file of keys has for each subject and class.
fn wrapped(home: &Home, generation: u64) -> Vec<String> {
    let path = home.data(&format!("payloads/keys-{generation}.json"));
    let keys: Json = serde_json::from_slice(&std::fs::read(path).expect("the keys")).expect("JSON");
    let keys = keys["keys"].as_object().expect("keys");
    let keys = keys.values().map(|key| key["key"].as_str().expect("a key"));
    keys.map(str::to_owned).collect()
}

#[test]
fn what_a_call_was_given_and_answered_is_kept_sealed_and_opens_against_its_record() {
    let home = with_subjects();
    let (intent, outcome) = last_call(&home);
    let input = payload(&home, intent).ok().json();
    assert_eq!(
        input,
        json!({ "seq": intent, "part": "input", "state": "kept", "value": { "text": BERT } })
    );
    let output = payload(&home, outcome).ok().json();
    assert_eq!(
        (&output["part"], &output["state"]),
        (&json!("output"), &json!("kept"))
    );
    assert!(output["value"].to_string().contains(BERT));
    let of_bert = exported(&home, BERT);
    assert_eq!(of_bert, [input, output]);
    home.end_owner();
    nowhere(&home, ANNA);
    nowhere(&home, BERT);
    assert_eq!(exported(&home, BERT), of_bert, "after a restart");
    let nothing = payload(&home, 1).code(4);
    assert!(
        nothing.stderr.contains("nothing is kept"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn what_is_kept_of_another_record_of_that_number_does_not_pass_for_it() {
    let home = with_subjects();
    home.end_owner();
    let (data, before) = (home.data(""), home.path("before"));
    copy(&data, &before);
    home.call("echo_say", &json!({ "text": "one" })).ok();
    let (intent, _) = last_call(&home);
    home.end_owner();
    let one = home.path("one");
    copy(&home.data("payloads"), &one);
    std::fs::remove_dir_all(&data).expect("away");
    copy(&before, &data);
    home.call("echo_say", &json!({ "text": "two" })).ok();
    assert_eq!(last_call(&home).0, intent);
    payload(&home, intent).ok();
    home.end_owner();
    std::fs::remove_dir_all(home.data("payloads")).expect("away");
    copy(&one, &home.data("payloads"));
    let refused = payload(&home, intent).code(4);
    let said = "is not what that commits to";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
}

/// Copies all files of `from`, which no owner has open.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.expect("`cp`").success());
}

#[test]
fn an_erased_subject_is_dark_in_old_copies_too_while_every_proof_holds() {
    let home = with_subjects();
    let (intent, _) = last_call(&home);
    let of_anna = exported(&home, ANNA);
    assert!(of_anna.len() >= 2, "{of_anna:?}");
    // Nobody without the operator's key.
    let certificate = home.path("none.json");
    let erase_alone = ["audit", "erase", "--subject", ANNA, "--certificate"];
    let alone = home.run(&[&erase_alone[..], &[text(&certificate)]].concat());
    alone.code(4);
    assert_eq!(exported(&home, ANNA), of_anna);
    let old_keys = std::fs::read(home.data("payloads/keys-1.json")).expect("keys");
    let old_wrapping = std::fs::read(home.data("payloads/wrapping-1.key")).expect("a key");
    let old_wrapped = wrapped(&home, 1);
    assert_eq!(old_wrapped.len(), 2, "anna's and bert's");

    let (erased, certificate) = erase(&home, ANNA, "certificate.json");
    let erased = erased.ok().json();
    assert_eq!(erased["facts"]["payloads"], of_anna.len().to_string());
    let (again, _) = erase(&home, ANNA, "again.json");
    let again = again.code(4);
    let said = format!("{}{}", again.stdout, again.stderr);
    assert!(said.contains("nothing is kept"), "{said}");
    assert_eq!(exported(&home, ANNA), [] as [Json; 0]);
    assert_eq!(
        payload(&home, intent).ok().json()["state"],
        "kept",
        "bert's"
    );
    let annas = of_anna[0]["seq"].as_u64().expect("a number");
    assert_eq!(payload(&home, annas).ok().json()["state"], "erased");

    // All keys of before are gone from all files, and with them what copies of the keys are good for.
    for key in &old_wrapped {
        nowhere(&home, key);
    }
    let part = std::str::from_utf8(&old_wrapping).expect("JSON");
    nowhere(&home, part);
    nowhere(&home, ANNA);
    home.end_owner();
    std::fs::write(home.data("payloads/keys-1.json"), old_keys).expect("put back");
    assert_eq!(payload(&home, annas).ok().json()["state"], "erased");
    assert!(!home.data("payloads/keys-1.json").exists());

    home.run(&["audit", "verify"]).ok();
    home.run(&["audit", "fsck"]).ok();
    let key = home.run(&["audit", "key"]).ok().stdout.trim().to_owned();
    verifier(&["receipt", text(&certificate), "--key", &key]);
    let receipt: Json =
        serde_json::from_slice(&std::fs::read(&certificate).expect("it")).expect("JSON");
    let record: Json =
        serde_json::from_str(receipt["record"].as_str().expect("a record")).expect("JSON");
    assert_eq!(
        (&record["action"], &record["facts"]),
        (&json!("erase"), &erased["facts"])
    );
    let out = home.path("out");
    home.run(&["audit", "export", text(&out)]).ok();
    verifier(&["log", text(&out), "--key", &key]);
}

#[test]
fn an_erasure_that_no_operator_signed_erases_nothing() {
    let home = with_subjects();
    let before = exported(&home, ANNA);
    let publisher = home.path("publisher.key");
    let certificate = home.path("none.json");
    let by_another = [
        "audit",
        "erase",
        "--subject",
        ANNA,
        "--certificate",
        text(&certificate),
        "--operator-key",
        text(&publisher),
        "--passphrase-file",
        home.passphrase(),
    ];
    home.run(&by_another).code(4);
    let applied = home
        .run(&["audit", "query", "--kind", "control", "--json"])
        .ok();
    let applied = applied.json();
    let records = applied.as_array().expect("records");
    let operator = records
        .iter()
        .find_map(|one| one["facts"]["operator"].as_str());
    let erasure = json!({
        "version": 1,
        "subject": ANNA,
        "after": 1,
        "operator": operator.expect("an operator"),
        "at": "2026-11-23T10:00:00Z",
    });
    let pem = std::fs::read_to_string(publisher).expect("a key");
    let key = PrivateKey::from_pem(&pem, Some(&Secret::from("correct horse".to_owned())));
    let kind = "application/vnd.vouchsafe.erasure+json";
    let signed = statement::sign(kind, erasure.to_string().as_bytes(), &key.expect("a key"));
    let mut forged = json!(signed.expect("signed"));
    forged["signatures"][0]["keyid"] = json!(operator);
    let asked = Socket::open(&home).ask(&json!({ "do": "audit-erase", "erasure": forged }));
    let refused = asked.expect_err("a refusal");
    assert!(refused.to_string().contains("signature"), "{refused}");
    assert_eq!(exported(&home, ANNA), before);
}

#[test]
fn subjects_are_known_by_the_same_names_after_the_keys_were_rotated() {
    let home = with_subjects();
    let before = exported(&home, ANNA);
    home.run(&[
        "keys",
        "rotate",
        "--yes",
        "--passphrase-file",
        home.passphrase(),
    ])
    .ok();
    assert_eq!(exported(&home, ANNA), before);
    erase(&home, ANNA, "certificate.json").0.ok();
    assert_eq!(exported(&home, ANNA), [] as [Json; 0]);
}

#[test]
fn a_subject_that_no_call_could_name_is_refused_by_pack() {
    let home = Home::empty();
    let packed = home.path("echo.wasm");
    for wrong in ["name", "text.id"] {
        let refused = pack(&home, wrong, &packed).code(1);
        let said = format!("`{wrong}` in the `subjects` of `[tools.say]`");
        assert!(refused.stderr.contains(&said), "{}", refused.stderr);
    }
    pack(&home, "text", &packed).ok();
    let inspected = home.run(&["inspect", text(&packed)]).ok();
    assert!(
        inspected.stdout.contains("(about text)"),
        "{}",
        inspected.stdout
    );
}
