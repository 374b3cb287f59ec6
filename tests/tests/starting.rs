//! What a start takes from an earlier one, and what it finds out again: a mark of what reading a
//! component gave is this host's, for exactly these bytes, or it is nothing; and it lets nobody in.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use vouchsafe_package::Digest;
use vouchsafe_package::signing::bundle_path;
use vouchsafe_tests::mcp::Session;
use vouchsafe_tests::say::{answers, says};
use vouchsafe_tests::{Home, Sketch};

fn seven() -> Sketch {
    Sketch::new("acme:pay", "1.0.0", 7)
}

fn digest(file: &Path) -> Digest {
    Digest::of(&fs::read(file).unwrap())
}

fn mark_of(home: &Home, file: &Path) -> PathBuf {
    let name = format!("cache/sha256-{}.mark", digest(file).hex());
    home.data(&name)
}

fn kept(home: &Home, file: &Path) -> PathBuf {
    home.data(&format!("skills/{}.wasm", digest(file).hex()))
}

/// Each tool and what agents are told of it.
fn told(home: &Home) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let session = Session::start(home).await;
        let tools = session.peer().list_all_tools().await.unwrap();
        let told = tools.iter().map(|tool| {
            let words = tool.description.as_deref().unwrap_or_default();
            format!("{}: {words}", tool.name)
        });
        let told = told.collect();
        session.end().await;
        told
    })
}

/// Makes `bytes` the mark at `path`, which the operator must hear of if `heard`, and which must not
/// change what agents are told.
#[track_caller]
fn not_believed(home: &Home, path: &Path, bytes: &[u8], heard: bool) {
    let (good, before) = (fs::read(path).unwrap(), told(home));
    assert_ne!(good, bytes);
    home.stop();
    fs::write(home.data("owner.log"), b"").unwrap();
    fs::write(path, bytes).unwrap();
    assert_eq!(told(home), before);
    let log = fs::read_to_string(home.data("owner.log")).unwrap();
    let said = log.contains("this is not as this host wrote it");
    assert_eq!(said, heard, "{log}");
    assert_eq!(fs::read(path).unwrap(), good, "made again");
}

#[test]
fn an_edited_mark_is_not_believed_and_the_operator_is_told() {
    let home = Home::trusting(&["acme"]);
    let file = seven().install(&home, "seven");
    assert_eq!(told(&home), ["pay_sum: Gives the sum."]);
    let mark = mark_of(&home, &file);
    let good = fs::read(&mark).unwrap();
    let edited = String::from_utf8_lossy(&good[80..]).replace("Gives the sum.", "Ignore the sum");
    let edited = [&good[..80], edited.as_bytes()].concat();
    assert_eq!(edited.len(), good.len());
    not_believed(&home, &mark, &edited, true);
    for at in [0, 31, 32, 48, 79, good.len() - 1] {
        let mut edited = good.clone();
        edited[at] ^= 1;
        not_believed(&home, &mark, &edited, true);
    }
    not_believed(&home, &mark, &good[..good.len() / 2], true);
    not_believed(&home, &mark, b"", true);
    answers(&home, "pay_sum", 7);
}

#[test]
fn a_mark_is_taken_as_it_is_for_its_own_bytes_alone() {
    let home = Home::trusting(&["acme"]);
    let file = seven().install(&home, "seven");
    let other = Sketch::new("acme:other", "1.0.0", 666).install(&home, "other");
    let (mark, foreign) = (mark_of(&home, &file), mark_of(&home, &other));
    not_believed(&home, &mark, &fs::read(&foreign).unwrap(), false);
    answers(&home, "pay_sum", 7);
    answers(&home, "other_sum", 666);

    let made = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let before = (made(&mark), made(&foreign));
    home.stop();
    answers(&home, "pay_sum", 7);
    assert_eq!((made(&mark), made(&foreign)), before, "read, not made");
    home.prove(&["remove", "pay"]).ok();
    assert!(!mark.exists() && foreign.exists());
}

#[test]
fn what_another_host_marked_and_what_an_older_root_marked_is_nothing() {
    let home = Home::trusting(&["acme"]);
    let file = seven().install(&home, "seven");
    let mark = mark_of(&home, &file);
    let elsewhere = Home::trusting(&["acme"]);
    seven().install(&elsewhere, "seven");
    let theirs = fs::read(mark_of(&elsewhere, &file)).unwrap();
    not_believed(&home, &mark, &theirs, true);

    let old = fs::read(&mark).unwrap();
    assert_eq!(theirs[32..], old[32..], "only the key differs");
    home.prove(&["keys", "rotate"]).ok();
    assert!(!mark.exists(), "forgotten with the old root");
    answers(&home, "pay_sum", 7);
    not_believed(&home, &mark, &old, true);
    answers(&home, "pay_sum", 7);
}

#[test]
fn a_mark_lets_in_no_other_bytes() {
    let home = Home::trusting(&["acme"]);
    let file = seven().install(&home, "seven");
    let other = Sketch::new("acme:pay", "1.0.0", 666).sign(&home, "other");
    let (kept, mark) = (kept(&home, &file), mark_of(&home, &file));
    let own = fs::read(&mark).unwrap();
    home.stop();
    // Bytes that nobody signed, with the bundle and the mark of the good ones beside them.
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    fs::write(&kept, &bytes).unwrap();
    says(&home.run(&["list"]).ok(), "the signature is for sha256:");
    home.call("pay_sum", &json!({})).code(2);
    home.stop();
    // Bytes that are well signed, and not those that the file is named after.
    fs::copy(&other, &kept).unwrap();
    fs::copy(bundle_path(&other), bundle_path(&kept)).unwrap();
    says(&home.run(&["list"]).ok(), "the file now holds sha256:");
    home.call("pay_sum", &json!({})).code(4);
    assert_eq!(fs::read(&mark).unwrap(), own);
    home.stop();
    fs::copy(&file, &kept).unwrap();
    fs::copy(bundle_path(&file), bundle_path(&kept)).unwrap();
    answers(&home, "pay_sum", 7);
}

#[test]
fn a_mark_does_not_outlive_trust_or_revocation() {
    let home = Home::trusting(&["acme"]);
    let file = seven().install(&home, "seven");
    answers(&home, "pay_sum", 7);
    home.new_key("stranger");
    home.write_trust("stranger", &["acme"]);
    home.apply().ok();
    home.stop();
    assert!(mark_of(&home, &file).exists());
    home.call("pay_sum", &json!({})).code(4);
    says(&home.run(&["list"]).ok(), "signed by another key");
    home.write_trust("publisher", &["acme"]);
    home.apply().ok();
    answers(&home, "pay_sum", 7);
    let name = digest(&file).to_string();
    home.prove(&["revoke", "--digest", &name]).ok();
    home.stop();
    assert!(mark_of(&home, &file).exists());
    home.call("pay_sum", &json!({})).code(4);
    says(&home.run(&["list"]).ok(), "revoked");
}
