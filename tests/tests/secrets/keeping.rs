//! Only an operator changes what a destination receives, and what is missing stops one request and nothing else.

use std::process::Stdio;

use serde_json::json;

use super::parrot::{BEARER, DENIED, House, Parrot, TOKEN, header};
use vouchsafe_tests::authority::Authority;

const SEALED: &str = "auth = { sealed = \"bank-token\" }";

#[test]
fn without_the_operator_s_proof_nothing_is_set_or_forgotten() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    house
        .set_with(&["bank-token"], "tok_of_an_agent_4Q7mXe1vZb9c")
        .code(4);
    house.home.run(&["secret", "remove", "bank-token"]).code(4);
    // A key that nobody enrolled.
    let stranger = house.home.path("stranger");
    let (stranger, passphrase) = (stranger.to_str().unwrap(), house.home.passphrase());
    house
        .home
        .run(&["key", "new", stranger, "--passphrase-file", passphrase])
        .ok();
    let key = format!("{stranger}.key");
    let proof = [
        "bank-token",
        "--operator-key",
        &key,
        "--passphrase-file",
        passphrase,
    ];
    let refused = house
        .set_with(&proof, "tok_of_an_agent_4Q7mXe1vZb9c")
        .code(4);
    assert!(
        refused
            .stderr
            .contains("no operator of this host signed it"),
        "{}",
        refused.stderr
    );
    house.get("/api/x", &[]).unwrap();
    assert_eq!(
        header(&server.heads()[0], "authorization"),
        Some(&*format!("Bearer {TOKEN}"))
    );
}

#[test]
fn a_value_is_never_an_argument_and_a_weak_one_wants_a_word() {
    let authority = Authority::new();
    let house = House::new(&Parrot::quiet(&authority), &authority, BEARER, SEALED);
    let given = house
        .home
        .command(&["secret", "set", "bank-token", TOKEN])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(given.status.code(), Some(2));
    let weak = house.set("bank-token", "hunter2!\n").code(4);
    assert!(weak.stderr.contains("--accept-weak"), "{}", weak.stderr);
    house.set("bank-token", "1234567").code(2);
    house.set("bank-token", "line\nbreak-4Q7mXe1vZb9c").code(2);
    house.set("Bank", TOKEN).code(2);
    let passphrase = [
        "bank-token",
        "--accept-weak",
        "--passphrase-file",
        house.home.passphrase(),
    ];
    house.set_with(&passphrase, "hunter2!\n").ok();
    let kept = house.home.run(&["secret", "list", "--json"]).ok().json();
    assert_eq!(
        (&kept[0]["name"], &kept[0]["weak"], &kept[0]["age_days"]),
        (&json!("bank-token"), &json!(true), &json!(0))
    );
    let record = house
        .records(20)
        .into_iter()
        .find(|record| record["action"] == "set-credential")
        .unwrap();
    assert_eq!(record["facts"]["weak"], "accepted", "{record}");
    house.holds_nowhere("hunter2!");
}

#[test]
fn a_missing_credential_stops_its_requests_and_nothing_else() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::new(&server, &authority, BEARER, SEALED);
    assert_eq!(house.get("/api/x", &[]).unwrap_err(), DENIED);
    assert!(server.heard().is_empty());
    let records = serde_json::Value::from(house.records(20)).to_string();
    assert!(
        records.contains("the credential `sealed bank-token` is missing"),
        "{records}"
    );
    assert!(
        records.contains("vouchsafe secret set bank-token"),
        "{records}"
    );
    house
        .home
        .call("raw-http_where-is", &json!({ "name": "target" }))
        .ok();
    let check = house.home.run(&["secret", "check"]).code(4);
    assert!(check.stdout.contains("missing"), "{}", check.stdout);
    let doctor = house.home.run(&["doctor"]).code(1);
    let finding =
        "1 that skills use are missing\n  fix: run `vouchsafe secret check`, which says which\n";
    assert!(doctor.stderr.contains(finding), "{}", doctor.stderr);

    house.set("bank-token", TOKEN).ok();
    house.get("/api/x", &[]).unwrap();
    house.home.run(&["doctor"]).ok();
    let check = house.home.run(&["secret", "check", "--json"]).ok().json();
    let used = &check["uses"][0];
    assert_eq!(
        (&used["state"], &used["secret"], &used["kept"]),
        (
            &json!("ok"),
            &json!("bank-token"),
            &json!("sealed bank-token")
        )
    );
    assert_eq!(check["kept"][0]["uses"], 1);
    house
        .home
        .run(&[
            "secret",
            "remove",
            "bank-token",
            "--passphrase-file",
            house.home.passphrase(),
        ])
        .ok();
    assert_eq!(house.get("/api/x", &[]).unwrap_err(), DENIED);
}

#[test]
fn another_value_is_used_from_the_next_request_on_over_a_connection_of_its_own() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    house.get("/api/1", &[]).unwrap();
    house.get("/api/2", &[]).unwrap();
    house.set("bank-token", "tok_another_8Jd02kPqLw").ok();
    house.get("/api/3", &[]).unwrap();
    let heard = server.heard();
    let sizes: Vec<_> = heard.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 1]);
    assert_eq!(
        header(&heard[1][0], "authorization"),
        Some("Bearer tok_another_8Jd02kPqLw")
    );
}

#[test]
fn it_survives_a_restart_and_new_keys_and_an_older_file_does_not_come_back() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    house.home.prove(&["keys", "rotate"]).ok();
    house.get("/api/x", &[]).unwrap();
    assert_eq!(
        header(&server.heads()[0], "authorization"),
        Some(&*format!("Bearer {TOKEN}"))
    );
    let file = house.home.data("credentials.json");
    let older = std::fs::read(&file).unwrap();
    house.set("bank-token", "tok_another_8Jd02kPqLw").ok();
    house.home.run(&["stop"]).ok();
    std::fs::write(&file, older).unwrap();
    let refused = house.home.run(&["list"]);
    assert_ne!(refused.code, 0);
    std::fs::remove_file(&file).unwrap();
    assert_ne!(house.home.run(&["list"]).code, 0);
}
