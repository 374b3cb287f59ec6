//! An invoice is booked once, by who signed in for the call with a credential made for this host.

use serde_json::{Value as Json, json};
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::bao::{Bao, skipped};
use vouchsafe_tests::postgres::Postgres;
use vouchsafe_tests::wasm::{component, skill_source};
use vouchsafe_tests::{Home, ledger};

struct Office {
    home: Home,
    bao: Bao,
    postgres: Postgres,
}

/// A home whose `ledger` books in a real PostgreSQL, signed in to with what a real OpenBao makes.
fn office() -> Option<Office> {
    let authority = Authority::new();
    let (bao, postgres) = match (Bao::start(), Postgres::start_for(&authority)) {
        (Ok(bao), Ok(postgres)) => (bao, postgres),
        (Err(why), _) | (_, Err(why)) => {
            skipped(&why);
            return None;
        }
    };
    ledger::open(&postgres, &bao);
    let home = Home::trusting(&["vouchsafe-skills"]);
    let packed = home.path("ledger.wasm");
    home.pack(&skill_source("ledger"), &component("ledger"), &packed)
        .ok();
    home.sign(&packed);
    let digest = format!("sha256:{}", "0".repeat(64)); // `install` writes the true one
    let grant = format!(
        "skill = \"vouchsafe-skills:ledger\"\npublisher = \"publisher\"\ndigest = \"{digest}\"\n\n\
         [tools]\nbook = {{}}\nfind = {{}}\nopen-items = {{}}\n\n{}",
        ledger::grant(&postgres, &authority)
    );
    std::fs::write(home.config("grants/vouchsafe-skills.ledger.toml"), grant).unwrap();
    std::fs::write(home.config("vouchsafe.toml"), bao.settings()).unwrap();
    home.install(&packed).ok();
    Some(Office {
        home,
        bao,
        postgres,
    })
}

fn invoice(amount: &str) -> Json {
    json!({
        "supplier": "ACME", "number": "INV-2031", "issued": "2026-11-22", "due": "2026-12-22",
        "currency": "EUR", "amount": amount
    })
}

impl Office {
    fn book(&self, entry: &Json) -> Json {
        self.home
            .call("ledger_book", &json!({ "entry": entry }))
            .json()
    }
}

#[test]
fn an_invoice_is_booked_once_and_what_is_open_is_told() {
    let Some(office) = office() else { return };
    let first = office.book(&invoice("42.50"))["output"].clone();
    assert_eq!(first["again"], false, "{first}");
    let again = office.book(&invoice("42.5"))["output"].clone();
    assert_eq!(
        (&again["again"], &again["id"]),
        (&json!(true), &first["id"])
    );
    let other = office.book(&invoice("99.00"))["error"].to_string();
    assert!(
        other.contains("conflict") && other.contains("42.50"),
        "{other}"
    );
    let wrong = json!({ "supplier": "ACME", "number": "x", "issued": "2026-02-30", "due": null, "currency": "EUR", "amount": "1" });
    let wrong = office.book(&wrong)["error"].to_string();
    assert!(
        wrong.contains("invalid") && wrong.contains("22008"),
        "{wrong}"
    );
    let second = json!({ "supplier": "ACME", "number": "'; drop table ledger_entries; --", "issued": "2026-11-22", "due": null, "currency": "EUR", "amount": "0.01" });
    assert_eq!(office.book(&second)["output"]["again"], false);

    let open = office
        .home
        .call("ledger_open-items", &json!({ "supplier": "ACME" }));
    let open = open.ok().json()["output"]["result"].clone();
    let numbers: Vec<_> = open
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["entry"]["number"])
        .collect();
    assert_eq!(numbers, ["INV-2031", "'; drop table ledger_entries; --"]);
    let none = office.home.call(
        "ledger_find",
        &json!({ "supplier": "other", "number": "INV-2031" }),
    );
    assert_eq!(none.ok().json()["output"]["result"], Json::Null);
    assert_eq!(
        office.postgres.query("select count(*) from ledger_entries"),
        "2"
    );
}

#[test]
fn a_credential_that_was_revoked_books_nothing_and_no_record_holds_one() {
    let Some(office) = office() else { return };
    office.book(&invoice("42.50"));
    let user = office
        .postgres
        .query("select rolname from pg_roles where rolname like 'v-%'");
    assert!(user.contains("ledger"), "{user}");
    office.bao.ok(&[
        "lease",
        "revoke",
        "-sync",
        "-prefix",
        "database/creds/ledger",
    ]);
    let refused = office.home.call(
        "ledger_find",
        &json!({ "supplier": "ACME", "number": "INV-2031" }),
    );
    assert!(refused.json()["error"].to_string().contains("unavailable"));
    let records = Json::from(office.home.records(500)).to_string();
    assert!(
        !records.contains(&user) && records.contains("database/creds/ledger"),
        "{records}"
    );
}
