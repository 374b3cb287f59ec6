//! Tiers, approvers and whose agents there are: in force by the operator's proof, or not at all.

use std::fs;

use vouchsafe_keys::{Algorithm, PrivateKey};
use vouchsafe_tests::say::{answers, refuses, says};
use vouchsafe_tests::{Home, Run, Sketch};

/// A home whose `acme:pay` has a tool that can't be undone, and `sum`, which only reads.
fn house() -> Home {
    let home = Home::trusting(&["acme"]);
    let pay = Sketch::new("acme:pay", "1.0.0", 7).with("wire", "irreversible", 8);
    pay.install(&home, "pay");
    home
}

fn why(home: &Home) -> String {
    home.run(&["why", "pay", "wire"]).code(4).stdout
}

/// Makes the grant of `wire` ask for `tier`.
fn asks_for(home: &Home, tier: &str) -> Run {
    let path = home.config("grants/acme.pay.toml");
    let grant = fs::read_to_string(&path).unwrap();
    let asking = format!("wire = {{ confirm = \"{tier}\" }}");
    let lines: Vec<_> = grant
        .lines()
        .map(|line| match line.starts_with("wire ") {
            true => asking.as_str(),
            false => line,
        })
        .collect();
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    home.apply()
}

fn write(home: &Home, file: &str, text: &str) {
    let path = home.config(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn key() -> String {
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    key.public().to_pem()
}

fn enrol(home: &Home, name: &str, person: &str, key: &str) {
    let text = format!(
        "name = \"{name}\"\nperson = \"{person}\"\ngroups = [\"pay-approvers\"]\nkey = '''\n{key}'''\n"
    );
    write(home, &format!("approvers/{name}.toml"), &text);
}

const TWO: &str = "[confirm.two-people]\npeople = 2\nfrom = \"pay-approvers\"\nwithin = \"30m\"\n";

#[test]
fn a_tier_that_nothing_defines_is_a_fault_with_its_line() {
    let home = house();
    let refused = asks_for(&home, "two-people").code(4);
    says(&refused, "no tier is called `two-people`");
    says(&refused, "[confirm.two-people]");
    write(&home, "vouchsafe.toml", TWO);
    home.apply().ok();
    for built_in in ["always", "confirm", "four-eyes"] {
        asks_for(&home, built_in).ok();
    }
    write(
        &home,
        "vouchsafe.toml",
        &TWO.replace("people = 2", "people = 0"),
    );
    says(&home.apply().code(4), "vouchsafe.toml:2");
}

#[test]
fn an_approver_is_one_by_the_operator_s_proof_alone() {
    let home = house();
    says_in(&why(&home), "0 of those who are enrolled");
    enrol(&home, "bo", "bo@corp.example", &key());
    says_in(&why(&home), "0 of those who are enrolled");
    says(&home.apply().ok(), "bo@corp.example may approve by key");
    says_in(&why(&home), "1 approver would have to say yes, within 1h");
    refuses(&home, "pay_wire", "NOT_APPROVED");
    home.run(&["stop"]).ok();
    says_in(&why(&home), "1 approver would have to say yes");
}

#[test]
fn one_key_is_one_person_s_and_a_person_has_one_spelling() {
    let home = house();
    let shared = key();
    enrol(&home, "bo", "bo@corp.example", &shared);
    enrol(&home, "cy", "cy@corp.example", &shared);
    says(&home.apply().code(4), "this key is enrolled already");
    enrol(&home, "cy", "Bo@corp.example", &key());
    says(&home.apply().code(4), "names nobody");
}

#[test]
fn two_keys_of_a_person_are_one_and_who_asks_is_nobody_else() {
    let home = house();
    write(&home, "vouchsafe.toml", TWO);
    enrol(&home, "bo", "bo@corp.example", &key());
    enrol(&home, "bo-phone", "bo@corp.example", &key());
    says(
        &asks_for(&home, "two-people").ok(),
        "`wire` asks for 2 of pay-approvers, and 1 of those who are enrolled would count",
    );
    says_in(&why(&home), "nothing says for whom");
    let uid = own_uid();
    let works_for = format!("{TWO}[works-for]\nuid-{uid} = \"anna@corp.example\"\n");
    write(&home, "vouchsafe.toml", &works_for);
    home.apply().ok();
    says_in(&why(&home), "1 of those who are enrolled would count");
    enrol(&home, "anna", "anna@corp.example", &key());
    home.apply().ok();
    says_in(&why(&home), "1 of those who are enrolled would count");
    enrol(&home, "cy", "cy@corp.example", &key());
    home.apply().ok();
    says_in(
        &why(&home),
        "2 of pay-approvers, not anna@corp.example would have to say yes, within 30m",
    );
}

#[test]
fn settings_edited_behind_the_operator_s_back_stop_every_call() {
    let home = house();
    write(&home, "vouchsafe.toml", TWO);
    home.apply().ok();
    answers(&home, "pay_sum", 7);
    write(
        &home,
        "vouchsafe.toml",
        &TWO.replace("people = 2", "people = 1"),
    );
    refuses(&home, "pay_sum", "`vouchsafe.toml` was edited");
}

/// The user whose agents call here.
fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid()
}

#[track_caller]
fn says_in(page: &str, reason: &str) {
    assert!(page.contains(reason), "want `{reason}` in:\n{page}");
}
