//! A home that was begun and cut short: the same command goes on, and nothing that was kept is lost.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use vouchsafe_tests::Home;
use vouchsafe_tests::say::{answers, says, text};

use super::pay;

fn init(home: &Home) -> vouchsafe_tests::Run {
    home.run(&["init", "--passphrase-file", home.passphrase()])
}

/// Everything that a new home does first.
#[track_caller]
fn works(home: &Home) {
    says(&init(home).code(2), "is set up already");
    home.new_key("publisher");
    home.write_trust("publisher", &["acme"]);
    home.apply().ok();
    pay("1.0.0", 7).install(home, "pay");
    answers(home, "pay_sum", 7);
}

#[test]
fn an_init_that_was_killed_anywhere_goes_on() {
    let home = Home::empty();
    for milliseconds in [5, 40, 120, 300, 500, 700, 900, 1200] {
        let mut child = home
            .command(&["init", "--passphrase-file", home.passphrase()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = init(&home);
    assert!(matches!(last.code, 0 | 2), "{}", last.stderr);
    works(&home);
}

#[test]
fn an_init_goes_on_with_the_key_it_made() {
    let home = Home::empty();
    init(&home).ok();
    home.stop();
    let key = fs::read(home.config("operator.key")).unwrap();
    // As it is before the keystore takes its place,
    fs::rename(home.data("keystore.json"), home.data("keystore-next.json")).unwrap();
    fs::remove_file(home.data("versions.json")).unwrap();
    fs::remove_dir_all(home.data("audit")).unwrap();
    fs::remove_dir_all(home.data("payloads")).unwrap();
    let wrong = home.path("wrong");
    fs::write(&wrong, "battery staple\n").unwrap();
    let run = home.run(&["init", "--passphrase-file", text(&wrong)]);
    says(&run.code(4), "operator.key` is there already");
    init(&home).ok();
    assert_eq!(fs::read(home.config("operator.key")).unwrap(), key);
    works(&home);
}

#[test]
fn an_init_goes_on_where_no_owner_came_up() {
    let home = Home::empty();
    let log = home.data("audit/records.log");
    fs::create_dir_all(&log).unwrap();
    says(&init(&home).code(1), "the owner process did not come up");
    assert!(
        home.data("keystore.json").exists(),
        "all but the first statement"
    );
    fs::remove_dir(&log).unwrap();
    // By the operator who began it.
    let other = home.new_key("other");
    let passphrase = home.passphrase();
    let run = home.run(&[
        "init",
        "--operator-key",
        text(&other),
        "--passphrase-file",
        passphrase,
    ]);
    says(&run.code(4), "begun with another operator key");
    init(&home).ok();
    works(&home);
}

#[test]
fn a_home_whose_keystore_is_gone_is_not_begun_anew() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    home.stop();
    fs::rename(home.data("keystore.json"), home.path("keystore.json")).unwrap();
    says(&init(&home).code(1), "whose keystore is gone");
    fs::rename(home.path("keystore.json"), home.data("keystore.json")).unwrap();
    answers(&home, "pay_sum", 7);
}
