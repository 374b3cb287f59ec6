//! A payment waits for a person who is not who asked, and is made once, with a credential that nobody sees.

use serde_json::{Value as Json, json};
use vouchsafe_tests::bank::Bank;
use vouchsafe_tests::say::says;
use vouchsafe_tests::wasm::{component, skill_source};
use vouchsafe_tests::{Home, Run};

const TOKEN: &str = "tok-9f2c41d05be17a3344c2e81a";

/// A home whose `payments` may pay at `bank`, and in which bo may say yes.
fn office(bank: &Bank) -> Home {
    let home = Home::trusting(&["vouchsafe-skills"]);
    let packed = home.path("payments.wasm");
    home.pack(
        &skill_source("initiate-payment"),
        &component("initiate-payment"),
        &packed,
    )
    .ok();
    home.sign(&packed);
    let digest = format!("sha256:{}", "0".repeat(64)); // `install` writes the true one
    let grant = format!(
        "skill = \"vouchsafe-skills:payments\"\npublisher = \"publisher\"\ndigest = \"{digest}\"\n\n\
         [tools]\ninitiate = {{ confirm = \"four-eyes\" }}\nstatus = {{}}\n\n{}",
        bank.grant("bank-token")
    );
    let file = home.config("grants/vouchsafe-skills.payments.toml");
    std::fs::write(file, grant).unwrap();
    std::fs::write(home.config("vouchsafe.toml"), works_for_anna()).unwrap();
    home.install(&packed).ok();
    for (name, person) in [("anna", "anna@corp.example"), ("bo", "bo@corp.example")] {
        let key = home.new_key(name).with_extension("pub");
        let key = key.to_str().unwrap();
        let enrol = ["approver", "enrol", name, "--person", person, "--key", key];
        home.run(&enrol).ok();
    }
    home.apply().ok();
    home.keep("bank-token", TOKEN);
    home
}

fn works_for_anna() -> String {
    use std::os::unix::fs::MetadataExt as _;
    let uid = std::fs::metadata("/proc/self").unwrap().uid();
    format!("[works-for]\nuid-{uid} = \"anna@corp.example\"\n")
}

fn pay(home: &Home, minor: u64) -> Run {
    let amount = json!({ "minor": minor, "currency": "EUR" });
    let order = json!({ "iban": "NO9386011117947", "amount": amount, "reference": "INV-2031" });
    home.call("payments_initiate", &order)
}

/// The name of the only call that waits.
fn waiting(home: &Home) -> String {
    let waiting = home.run(&["approvals", "--json"]).ok().json();
    waiting[0]["id"].as_str().unwrap().to_owned()
}

fn decide(home: &Home, verb: &str, id: &str, name: &str) -> Run {
    let key = home.path(&format!("{name}.key"));
    let key = key.to_str().unwrap();
    home.run(&[
        verb,
        id,
        "--key",
        key,
        "--passphrase-file",
        home.passphrase(),
    ])
}

#[test]
fn a_payment_is_made_once_when_somebody_else_said_yes() {
    let bank = Bank::open(TOKEN);
    let home = office(&bank);
    says(&pay(&home, 4_250_000).code(4), "NOT_APPROVED");
    assert!(bank.payments().is_empty());
    let id = waiting(&home);
    let page = home.run(&["approvals", &id]).ok();
    let reach = format!("bank = https://{}/api, and nothing else", bank.rest.address);
    for shown in [
        "IRREVERSIBLE",
        "iban !",
        "\"NO9386011117947\"",
        "amount !",
        "\"4250000\"",
        "for anna@corp.example",
        "not anna@corp.example",
        &reach,
    ] {
        says(&page, shown);
    }
    says(
        &decide(&home, "approve", &id, "anna").code(4),
        "is not among those who are asked",
    );
    says(&decide(&home, "approve", &id, "bo").ok(), "it went well");
    let made = pay(&home, 4_250_000).ok().json();
    assert_eq!(made.pointer("/output/result"), Some(&json!("p-1")));
    assert_eq!(
        bank.payments(),
        [
            json!({ "iban": "NO9386011117947", "minor": 4_250_000, "currency": "EUR", "reference": "INV-2031" })
        ]
    );
    let state = home
        .call("payments_status", &json!({ "payment": "p-1" }))
        .ok()
        .json();
    assert_eq!(state.pointer("/output/result"), Some(&json!("booked")));
    let records: Vec<Json> = home.records(1000);
    assert!(!Json::Array(records).to_string().contains(TOKEN));
}

#[test]
fn what_the_bank_does_not_take_is_rejected_and_nothing_is_paid() {
    let bank = Bank::open(TOKEN);
    let home = office(&bank);
    home.keep("bank-token", "tok-that-was-changed-at-the-bank-3344");
    pay(&home, 5).code(4);
    let told = decide(&home, "approve", &waiting(&home), "bo").ok();
    says(&told, "it ended with TOOL_ERROR");
    says(&pay(&home, 5).code(5), "the bank answered 401");
    assert!(bank.payments().is_empty());
}
