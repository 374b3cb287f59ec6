//! What stands for a credential in a skill is worth something in one header of one destination in one call.

use serde_json::json;

use super::parrot::{BEARER, DENIED, House, Parrot, TOKEN, header};
use vouchsafe_tests::authority::Authority;

const SEALED: &str = "auth = { sealed = \"bank-token\" }";

/// What the configuration says under the secret's name, in a call of its own.
fn told(house: &House) -> serde_json::Value {
    let asked = json!({ "name": "bank-token" });
    let answer = house.home.call("raw-http_where-is", &asked).ok().json();
    answer["output"]["result"][0].clone()
}

fn house(server: &Parrot, authority: &Authority) -> House {
    let declares = BEARER.replace(" }", ", placeholder = true }");
    let house = House::new(server, authority, &declares, SEALED);
    house.set("bank-token", TOKEN).ok();
    house
}

#[test]
fn a_library_that_insists_on_a_key_gets_a_placeholder_that_the_host_swaps() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = house(&server, &authority);
    house
        .get("/api/x", &[("authorization", "Bearer {bank-token}")])
        .unwrap();
    house.get("/api/x", &[]).unwrap();
    for head in server.heads() {
        assert_eq!(
            header(&head, "authorization"),
            Some(&*format!("Bearer {TOKEN}"))
        );
        assert!(!head.contains("placeholder"), "{head}");
    }
    let (one, two) = (told(&house), told(&house));
    assert!(
        one.as_str().unwrap().starts_with("vouchsafe-placeholder-"),
        "{one}"
    );
    assert_ne!(one, two);
    house.holds_nowhere(TOKEN);
}

#[test]
fn one_of_another_call_or_guessed_or_elsewhere_is_refused() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = house(&server, &authority);
    let stale = told(&house).as_str().unwrap().to_owned();
    let (of_before, guessed) = (
        format!("Bearer {stale}"),
        format!("Bearer vouchsafe-placeholder-{}", "0".repeat(64)),
    );
    let wrong = [
        ("authorization", &*of_before),
        ("authorization", &*guessed),
        ("authorization", "{bank-token}"),
        ("authorization", "Basic {bank-token}"),
        ("authorization", "Bearer {bank-token} "),
        ("authorization", "Bearer {bank-token}{bank-token}"),
        ("authorization", "Bearer mine"),
        ("cookie", "a={bank-token}"),
        ("x-api-key", "{bank-token}"),
        ("x-debug", "Bearer {bank-token}"),
    ];
    for (name, value) in wrong {
        assert_eq!(
            house.get("/api/x", &[(name, value)]).unwrap_err(),
            DENIED,
            "{name}: {value}"
        );
    }
    let twice = [
        ("authorization", "Bearer {bank-token}"),
        ("authorization", "Bearer {bank-token}"),
    ];
    assert_eq!(house.get("/api/x", &twice).unwrap_err(), DENIED);
    for path in ["/api/x?key={bank-token}", "/api/{bank-token}"] {
        assert_eq!(house.get(path, &[]).unwrap_err(), DENIED, "{path}");
    }
    assert!(server.heads().is_empty());
    let records = serde_json::Value::from(house.records(100)).to_string();
    assert!(
        records.contains("a placeholder stands where its credential does not go"),
        "{records}"
    );
    assert!(!records.contains(&stale), "{records}");
}

#[test]
fn at_another_destination_it_is_refused() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = house(&server, &authority);
    let port = server.port;
    let other = format!(
        "{SEALED}\n\n[http.other]\nurl = \"https://bank.test:{port}/other\"\nprivate = [\"127.0.0.1:{port}\"]\n\
         roots = \"\"\"\n{}\"\"\"\n",
        authority.pem
    );
    house.grant(&authority, &other);
    let own = [("authorization", "Bearer {bank-token}")];
    assert_eq!(house.get("/other/x", &own).unwrap_err(), DENIED);
    assert!(server.heads().is_empty());
    house.get("/other/x", &[]).unwrap();
    assert_eq!(header(&server.heads()[0], "authorization"), None);
    house.get("/api/x", &own).unwrap();
}

#[test]
fn a_skill_that_declares_none_gets_none() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    assert_eq!(told(&house), serde_json::Value::Null);
}
