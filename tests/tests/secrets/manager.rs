//! A credential of a secrets manager: of a real OpenBao, asked by this host for what grants in force name.

use std::time::Duration;

use super::parrot::{BEARER, DENIED, House, Parrot, header};
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::bao::{Bao, skipped};

const KEPT: &str = "auth = { vault = \"secret/payments/bank\", field = \"token\" }";
const FIRST: &str = "tok-first-8fK2mZq0Lr5v";
const SECOND: &str = "tok-second-3Hd9xWc7Tn1y";

/// Longer than a value is used without asking whether it was rotated.
const ROTATED: Duration = Duration::from_millis(5_500);

/// A house whose skill has `grants`, of a manager with `settings`.
fn house(
    server: &Parrot,
    authority: &Authority,
    settings: &str,
    declares: &str,
    grants: &str,
) -> House {
    House::with_settings(server, authority, settings, declares, grants)
}

/// Why the last refused request was refused, and what would mend it.
fn why(house: &House) -> String {
    let records = house.records(50);
    let refused =
        |record: &&serde_json::Value| record["kind"] == "refusal" || record["why"].is_string();
    records.iter().rev().find(refused).unwrap().to_string()
}

fn sent(server: &Parrot) -> String {
    let head = server.heads().pop().unwrap();
    header(&head, "authorization").unwrap().to_owned()
}

#[test]
fn a_value_is_asked_for_when_it_is_needed_and_a_rotated_one_is_picked_up() {
    let bao = match Bao::start() {
        Ok(bao) => bao,
        Err(reason) => return skipped(&reason),
    };
    bao.ok(&[
        "kv",
        "put",
        "secret/payments/bank",
        &format!("token={FIRST}"),
    ]);
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = house(&server, &authority, &bao.settings(), BEARER, KEPT);
    house.get("/api/x", &[]).unwrap();
    assert_eq!(sent(&server), format!("Bearer {FIRST}"));
    bao.ok(&[
        "kv",
        "put",
        "secret/payments/bank",
        &format!("token={SECOND}"),
    ]);
    std::thread::sleep(ROTATED);
    house.get("/api/x", &[]).unwrap();
    assert_eq!(sent(&server), format!("Bearer {SECOND}"));
    for value in [FIRST, SECOND] {
        house.holds_nowhere(value);
    }
    let check = house.home.run(&["secret", "check"]).ok();
    assert!(
        check.stdout.contains("vault secret/payments/bank token"),
        "{}",
        check.stderr
    );
    assert!(check.stdout.contains("0 days"), "{}", check.stderr);
}

#[test]
fn sealed_forbidden_absent_and_gone_are_told_apart_and_stop_only_what_needs_them() {
    let mut bao = match Bao::start() {
        Ok(bao) => bao,
        Err(reason) => return skipped(&reason),
    };
    bao.ok(&[
        "kv",
        "put",
        "secret/payments/bank",
        &format!("other={FIRST}"),
    ]);
    bao.ok(&[
        "kv",
        "put",
        "secret/salaries/all",
        &format!("token={FIRST}"),
    ]);
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let other = KEPT.replace("\"token\"", "\"other\"");
    let house = house(&server, &authority, &bao.settings(), BEARER, &other);
    house.get("/api/x", &[]).unwrap();
    let refused = |grants: &str, says: &str| {
        house.grant(&authority, grants);
        assert_eq!(house.get("/api/x", &[]).unwrap_err(), DENIED);
        assert!(why(&house).contains(says), "{says}: {}", why(&house));
        let check = house.home.run(&["secret", "check"]);
        assert_eq!(check.code, 4, "{}", check.stderr);
        assert!(check.stderr.contains(says), "{says}: {}", check.stderr);
    };
    refused(KEPT, "there is no text in the field `token`");
    refused(
        &KEPT.replace("bank", "nobody"),
        "has nothing for `secret/payments/nobody`",
    );
    refused(
        &KEPT.replace("payments/bank", "salaries/all"),
        "forbids this host `secret/salaries/all`",
    );
    bao.ok(&["kv", "put", "secret/payments/weak", "token=password1"]);
    refused(&KEPT.replace("bank", "weak"), "looks easy to guess");
    let accepted = KEPT
        .replace("bank", "weak")
        .replace(" }", ", accept_weak = true }");
    house.grant(&authority, &accepted);
    house.get("/api/x", &[]).unwrap();
    bao.ok(&["operator", "seal"]);
    refused(KEPT, "is sealed");
    bao.stop();
    refused(KEPT, "can't be reached");

    house.grant(&authority, "auth = { sealed = \"bank-token\" }");
    house.set("bank-token", SECOND).ok();
    house.get("/api/x", &[]).unwrap();
    assert_eq!(sent(&server), format!("Bearer {SECOND}"));
}

#[test]
fn a_grant_that_names_a_manager_where_none_is_set_up_is_not_applied() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::new(
        &server,
        &authority,
        BEARER,
        "auth = { sealed = \"bank-token\" }",
    );
    let applied = house.try_grant(&authority, KEPT);
    assert_ne!(applied.code, 0, "{}", applied.stderr);
    assert!(
        applied.stderr.contains("no secrets manager is set up"),
        "{}",
        applied.stderr
    );
    assert!(
        applied.stderr.contains("add `[vault]` to vouchsafe.toml"),
        "{}",
        applied.stderr
    );
}

#[test]
fn user_and_password_may_be_two_fields_of_one_path() {
    let bao = match Bao::start() {
        Ok(bao) => bao,
        Err(reason) => return skipped(&reason),
    };
    bao.ok(&[
        "kv",
        "put",
        "secret/payments/shop",
        "name=shop",
        "password=open-sesame-4Q7mXe1v",
    ]);
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let basic = "auth = { secret = 'bank-token', basic = true }";
    let grants =
        "auth = { vault = \"secret/payments/shop\", field = \"password\", user_field = \"name\" }";
    let house = house(&server, &authority, &bao.settings(), basic, grants);
    house.get("/api/x", &[]).unwrap();
    assert_eq!(sent(&server), "Basic c2hvcDpvcGVuLXNlc2FtZS00UTdtWGUxdg==");
}

#[test]
fn a_token_that_ends_or_is_revoked_is_replaced_without_a_failed_call() {
    let bao = match Bao::start() {
        Ok(bao) => bao,
        Err(reason) => return skipped(&reason),
    };
    bao.ok(&[
        "kv",
        "put",
        "secret/payments/bank",
        &format!("token={FIRST}"),
    ]);
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = house(&server, &authority, &bao.settings(), BEARER, KEPT);
    house.get("/api/x", &[]).unwrap();
    bao.ok(&["lease", "revoke", "-force", "-prefix", "auth/approle/login"]);
    std::thread::sleep(ROTATED);
    house.get("/api/x", &[]).unwrap();
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(24) {
        house.get("/api/x", &[]).unwrap();
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn paths_are_in_the_namespace_that_the_settings_name() {
    let mut bao = match Bao::start() {
        Ok(bao) => bao,
        Err(reason) => return skipped(&reason),
    };
    let put = |bao: &Bao, value: &str| {
        bao.ok(&[
            "kv",
            "put",
            "secret/payments/bank",
            &format!("token={value}"),
        ]);
    };
    put(&bao, FIRST);
    let outside = bao.settings();
    bao.enter("team-pay");
    put(&bao, SECOND);
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let within = format!("{}namespace = 'team-pay'\n", bao.settings());
    let house = house(&server, &authority, &within, BEARER, KEPT);
    house.get("/api/x", &[]).unwrap();
    assert_eq!(sent(&server), format!("Bearer {SECOND}"));
    // The role there is not the one of the root: who signs in there with this proof is nobody.
    std::fs::write(house.home.config("vouchsafe.toml"), outside).unwrap();
    house.home.apply().ok();
    assert_eq!(house.get("/api/x", &[]).unwrap_err(), DENIED);
    assert!(why(&house).contains("sign"), "{}", why(&house));
}
