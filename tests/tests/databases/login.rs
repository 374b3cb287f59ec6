//! Who signs in: with a credential that the call never sees, to the server that the grant names, or not at all.

use serde_json::json;
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::bao::{Bao, skipped};
use vouchsafe_tests::postgres::Postgres;

use super::house::{DENIED, House, PASSWORD, SEALED, text};

#[test]
fn a_credential_on_lease_signs_in_until_it_is_revoked() {
    let authority = Authority::new();
    let (bao, postgres) = match (Bao::start(), Postgres::start_for(&authority)) {
        (Ok(bao), Ok(postgres)) => (bao, postgres),
        (Err(why), _) | (_, Err(why)) => return skipped(&why),
    };
    bao.database(&postgres);
    bao.role("books", "1h", "grant teller to \"{{name}}\";");
    let login = "auth = { vault = \"database/creds/books\", field = \"password\", user_field = \"username\" }";
    let house = House::on(postgres, authority, &bao.settings(), login);
    let who = || {
        let rows = house.look("who", &json!([]))?["rows"].clone();
        Ok::<_, String>(rows[0][0]["text"].as_str().unwrap().to_owned())
    };
    let first = who().unwrap();
    assert!(first.starts_with("v-"), "{first}");
    assert_eq!(who().unwrap(), first, "one for many calls");
    let records = serde_json::Value::from(house.home.records(500)).to_string();
    assert!(
        !records.contains(&first) && records.contains("postgres://127.0.0.1"),
        "{records}"
    );

    bao.ok(&[
        "lease",
        "revoke",
        "-sync",
        "-prefix",
        "database/creds/books",
    ]);
    let why = who().unwrap_err();
    assert_eq!(why, DENIED);
    let refusals = serde_json::Value::from(house.records("refusal")).to_string();
    assert!(
        refusals.contains("does not take the credential `vault database/creds/books password`"),
        "{refusals}"
    );
    let second = who().unwrap();
    assert_ne!(second, first, "another was asked for");
}

#[test]
fn another_password_or_another_server_is_not_signed_in_to() {
    let Some(house) = House::new("") else { return };
    house.look("who", &json!([])).unwrap();
    house.home.keep("books", "not-the-password-of-it");
    assert_eq!(house.look("who", &json!([])).unwrap_err(), DENIED);
    house.home.keep("books", PASSWORD);
    house.look("who", &json!([])).unwrap();

    let path = house.home.config("grants/guests.teller.toml");
    let granted = std::fs::read_to_string(&path).unwrap();
    let other = granted.replace(house.authority.pem.trim(), Authority::new().pem.trim());
    std::fs::write(&path, other).unwrap();
    house.home.apply().ok();
    let why = house.look("who", &json!([])).unwrap_err();
    assert!(why.contains("can't be asked"), "{why}");
    let outcomes = serde_json::Value::from(house.records("outcome")).to_string();
    assert!(outcomes.contains("no trusted connection"), "{outcomes}");

    let unopened = granted.replace("private = [", "private = [] # [");
    std::fs::write(&path, unopened).unwrap();
    house.home.apply().ok();
    assert_eq!(house.look("who", &json!([])).unwrap_err(), DENIED);
    let refusals = serde_json::Value::from(house.records("refusal")).to_string();
    assert!(refusals.contains("under `[sql.books]`, add "), "{refusals}");
}

#[test]
fn a_credential_that_comes_back_ends_the_call() {
    let Some(house) = House::new("") else { return };
    let values = json!([text(PASSWORD), "null", "null", "null", "null", "null"]);
    let why = house.look("kinds", &values).unwrap_err();
    assert!(why.contains("can't be asked"), "{why}");
    let outcomes = house.records("outcome");
    assert!(
        outcomes.iter().any(|outcome| outcome["status"] == "echo"),
        "{outcomes:?}"
    );
}

#[test]
fn a_grant_of_a_database_that_can_t_hold_is_refused_with_its_line() {
    let Some(house) = House::new("") else { return };
    let path = house.home.config("grants/guests.teller.toml");
    let granted = std::fs::read_to_string(&path).unwrap();
    for (from, to, says) in [
        (
            "postgres://",
            "https://",
            "want an address such as `postgres://",
        ),
        (
            "postgres://",
            "postgres://root:hunter2hunter2@",
            "use `auth`, and change that password",
        ),
        ("/postgres\"", "/\"", "the name of one database"),
        ("/postgres\"", "/postgres?sslmode=disable\"", "a query"),
        (SEALED, "", "nothing says who signs in to `books`"),
        (
            "[sql.books]",
            "[sql.cooks]",
            "no statement of the skill is for a database `cooks`",
        ),
        (
            "[sql.books]",
            "[sql.books]\nallow = [\"GET /\"]",
            "unknown field `allow`",
        ),
        (
            SEALED,
            "auth = { sealed = \"books\", user = \"teller\", region = \"eu\" }",
            "a user and a password alone",
        ),
    ] {
        std::fs::write(&path, granted.replace(from, to)).unwrap();
        let refused = house.home.apply();
        assert_ne!(refused.code, 0, "{says}");
        assert!(refused.stderr.contains(says), "{says}: {}", refused.stderr);
    }
}
