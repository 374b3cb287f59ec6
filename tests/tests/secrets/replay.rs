//! What an operator signed to change one state of one host changes no other.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value as Json, json};
use vouchsafe_keys::PrivateKey;
use vouchsafe_package::Digest;
use vouchsafe_secrets::Change;
use vouchsafe_tests::{Home, Socket};

fn set(home: &Home, name: &str) {
    let arguments = ["secret", "set", name, "--passphrase-file"];
    let mut command = home.command(&arguments);
    let mut child = command
        .arg(home.passphrase())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"tok_live_4Q7mXe1vZb9c").unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// The operator's word that `bank-token` goes, for what `home` holds now.
fn removal(home: &Home) -> Json {
    let survey = Socket::open(home)
        .ask(&json!({ "do": "credentials" }))
        .unwrap();
    let pem = std::fs::read_to_string(home.config("operator.key")).unwrap();
    let passphrase = std::fs::read_to_string(home.passphrase()).unwrap();
    let operator =
        PrivateKey::from_pem(&pem, Some(&passphrase.trim_end().to_owned().into())).unwrap();
    let change = Change {
        version: Change::VERSION,
        number: survey["number"].as_u64().unwrap() + 1,
        operator: operator.public().fingerprint(),
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
        after: survey["state"].as_str().unwrap().parse::<Digest>().unwrap(),
        name: "bank-token".to_owned(),
        sealed: None,
        weak: false,
    };
    json!({ "do": "credential", "change": change.sign(&operator).unwrap() })
}

fn refused(home: &Home, change: &Json) {
    let failure = Socket::open(home).ask(change).unwrap_err();
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("signed for another host"), "{failure}");
    let kept = home.run(&["secret", "list", "--json"]).ok().json();
    assert_eq!(kept[0]["name"], "bank-token");
}

#[test]
fn a_change_signed_before_a_restore_changes_nothing_after_it() {
    let first = Home::trusting(&["acme"]);
    set(&first, "bank-token");
    let (file, passphrase) = (first.path("backup.tar"), first.passphrase());
    let file = file.to_str().unwrap();
    first
        .run(&["backup", file, "--backup-passphrase-file", passphrase])
        .ok();
    let signed = removal(&first);

    let second = Home::empty();
    let (restore, passphrase) = (["restore", file], second.passphrase());
    let proof = ["--passphrase-file", passphrase];
    let backup = ["--backup-passphrase-file", passphrase, "--yes"];
    second.run(&[&restore[..], &proof, &backup].concat()).ok();
    refused(&second, &signed);
    Socket::open(&second).ask(&removal(&second)).unwrap();
    // It was good where it was signed for.
    Socket::open(&first).ask(&signed).unwrap();
}

#[test]
fn a_change_signed_under_other_rules_is_signed_again() {
    let home = Home::trusting(&["acme"]);
    set(&home, "bank-token");
    let signed = removal(&home);
    home.apply_anew().ok();
    refused(&home, &signed);
    Socket::open(&home).ask(&removal(&home)).unwrap();
}
