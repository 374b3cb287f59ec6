//! A credential goes to the one place of the one destination that the grant says, and a skill neither sees it nor says it.

use super::parrot::{BEARER, DENIED, House, Parrot, TOKEN, header};
use vouchsafe_tests::authority::Authority;

const SEALED: &str = "auth = { sealed = \"bank-token\" }";

#[test]
fn the_host_puts_it_into_the_header_and_nobody_else_knows_it() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    let answer = house.get("/api/x", &[]).unwrap();
    assert_eq!(answer["body"], "ok");
    let [head] = server.heads().try_into().unwrap();
    assert_eq!(
        header(&head, "authorization"),
        Some(&*format!("Bearer {TOKEN}"))
    );
    assert_eq!(header(&head, "accept-encoding"), Some("identity"));
    assert!(!answer.to_string().contains(TOKEN));
    house.holds_nowhere(TOKEN);
    let records = house.records(100);
    let intent = records.iter().find(|record| record["action"] == "http");
    let rule = intent.unwrap()["rule"].as_str().unwrap();
    assert!(
        rule.ends_with(", with the credential sealed bank-token"),
        "{rule}"
    );
}

#[test]
fn basic_authentication_and_the_query_are_as_granted() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let basic = "auth = { secret = 'bank-token', basic = true }";
    let house = House::new(
        &server,
        &authority,
        basic,
        "auth = { sealed = \"bank-token\", user = \"shop\" }",
    );
    house.set("bank-token", "open-sesame-4Q7mXe1v").ok();
    house.get("/api/x", &[]).unwrap();
    let sent = server.heads().pop().unwrap();
    assert_eq!(
        header(&sent, "authorization"),
        Some("Basic c2hvcDpvcGVuLXNlc2FtZS00UTdtWGUxdg==")
    );

    let query = "auth = { secret = 'bank-token', query = 'key' }";
    let house = House::new(
        &server,
        &authority,
        query,
        "auth = { sealed = \"bank-token\", query = true }",
    );
    house.set("bank-token", TOKEN).ok();
    house.get("/api/x?a=b", &[]).unwrap();
    let sent = server.heads().pop().unwrap();
    assert!(
        sent.starts_with("GET /api/x?a=b&key=tok%2Flive%2B4Q7mXe1vZb9c~%22%26%3C HTTP/1.1"),
        "{sent}"
    );
    for own in [
        "/api/x?key=mine",
        "/api/x?a=b&KEY=mine",
        "/api/x?%6bey=mine",
        "/api/x?key[]=mine",
    ] {
        assert_eq!(house.get(own, &[]).unwrap_err(), DENIED, "{own}");
    }
    house.holds_nowhere("tok%2Flive");
}

#[test]
fn a_guest_says_nothing_where_the_credential_stands() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let own = BEARER
        .replace("authorization", "x-api-key")
        .replace("Bearer ", "");
    let house = House::new(&server, &authority, &own, SEALED);
    house.set("bank-token", TOKEN).ok();
    for (name, value) in [
        ("x-api-key", "mine"),
        ("X-Api-Key", ""),
        ("x_api_key", "mine"),
        ("authorization", "Bearer mine"),
        ("cookie", "a=b"),
    ] {
        assert_eq!(
            house.get("/api/x", &[(name, value)]).unwrap_err(),
            DENIED,
            "{name}"
        );
    }
    assert!(server.heads().is_empty());
    house.get("/api/x", &[]).unwrap();
    assert_eq!(header(&server.heads()[0], "x-api-key"), Some(TOKEN));
}

#[test]
fn an_address_that_is_not_encrypted_gets_none() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    let file = house.home.config("grants/guests.raw-http.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("https://", "http://")).unwrap();
    let refused = house.home.apply();
    assert!(
        refused
            .stderr
            .contains("needs a credential, and is not encrypted"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_a_skill_prints_is_blanked() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    house.get("/api/x", &[]).unwrap();
    let said = format!("it is {TOKEN}, is it?");
    let asked = serde_json::json!({ "name": said });
    let answer = house.home.call("raw-http_where-is", &asked).ok().json();
    assert_eq!(
        answer["lines"],
        serde_json::json!(["stdout: it is [credential], is it?"])
    );
    house.holds_nowhere(TOKEN);
}
