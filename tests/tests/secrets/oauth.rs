//! Tokens that a service gives for a credential: they stand for it at the destination, and nobody else sees either.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use vouchsafe_tests::authority::Authority;

use super::echo::is_cut;
use super::parrot::{DENIED, House, Parrot, Parts, header, whole};

const OAUTH: &str = "auth = { secret = 'bank-client', oauth = 'payments:read payments:write' }";
const CLIENT: &str = "c1ient/s3cret+4Q7mXe1vZb9c";
/// How each token begins that the server gives; its number follows.
const TOKEN: &str = "tok-9f2c41d09be44aa1c5-";

/// What the service that gives tokens answers the n-th time.
type Gives = fn(u32) -> Vec<u8>;

fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

fn token(number: u32, expires_in: u32) -> Vec<u8> {
    let body = format!(
        "{{\"access_token\":\"{TOKEN}{number}\",\"token_type\":\"Bearer\",\"expires_in\":{expires_in}}}"
    );
    answer("200 OK", &body)
}

/// Gives tokens at `/login`, and takes them below `/api`.
fn server(authority: &Authority, gives: Gives) -> Parrot {
    let given = Arc::new(AtomicU32::new(0));
    Parrot::new(authority, move |head| says(head, gives, &given))
}

fn says(head: &str, gives: Gives, given: &AtomicU32) -> Parts {
    let path = head.split(' ').nth(1).unwrap();
    let bearer = header(head, "authorization").unwrap_or_default();
    vec![match path {
        "/login/token" => gives(given.fetch_add(1, Ordering::SeqCst) + 1),
        "/api/revoked" => answer("401 Unauthorized", "{}"),
        "/api/echo" => whole("text/plain", bearer.as_bytes()),
        _ => whole("text/plain", b"ok"),
    }]
}

fn grants(server: &Parrot, authority: &Authority) -> String {
    let port = server.port;
    format!(
        "auth = {{ sealed = \"bank-client\", user = \"shop-api\" }}\n[http.target.token]\n\
         url = \"https://bank.test:{port}/login/token\"\nprivate = [\"127.0.0.1:{port}\"]\nroots = \"\"\"\n{}\"\"\"\n",
        authority.pem
    )
}

fn house(server: &Parrot, authority: &Authority) -> House {
    let house = House::new(server, authority, OAUTH, &grants(server, authority));
    house.set("bank-client", CLIENT).ok();
    house
}

/// How often a token was asked for.
fn asked(server: &Parrot) -> usize {
    let heads = server.heads();
    heads
        .iter()
        .filter(|head| head.starts_with("POST /login/token "))
        .count()
}

/// What was said for authorization below `/api`, in order.
fn bearers(server: &Parrot) -> Vec<String> {
    let heads = server.heads();
    let there = heads.iter().filter(|head| head.contains(" /api/"));
    there
        .map(|head| header(head, "authorization").unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn a_token_is_asked_for_once_and_stands_for_the_credential_which_goes_nowhere_else() {
    let authority = Authority::new();
    let server = server(&authority, |number| token(number, 3600));
    let house = house(&server, &authority);
    for _ in 0..3 {
        let answer = house.get("/api/x", &[]).unwrap();
        assert_eq!(answer["body"], "ok");
    }
    assert_eq!(asked(&server), 1);
    assert_eq!(bearers(&server), vec![format!("Bearer {TOKEN}1"); 3]);
    let (head, form) = (&server.heads()[0], &server.bodies()[0]);
    // `shop-api` and the value, each escaped as in a form.
    assert_eq!(
        header(head, "authorization"),
        Some("Basic c2hvcC1hcGk6YzFpZW50JTJGczNjcmV0JTJCNFE3bVhlMXZaYjlj")
    );
    let form = std::str::from_utf8(form).unwrap();
    assert_eq!(
        form,
        "grant_type=client_credentials&scope=payments%3Aread+payments%3Awrite"
    );
    house.holds_nowhere(CLIENT);
    house.holds_nowhere(TOKEN);
    let records = serde_json::Value::from(house.records(100)).to_string();
    assert!(
        records.contains("token.target: POST /, with the credential sealed bank-client"),
        "{records}"
    );
    let own = [("authorization", "Bearer mine")];
    assert_eq!(house.get("/api/x", &own).unwrap_err(), DENIED);
}

#[test]
fn many_calls_that_wait_get_the_one_that_one_of_them_asks_for() {
    let authority = Authority::new();
    let server = server(&authority, |number| {
        std::thread::sleep(Duration::from_millis(1500));
        token(number, 3600)
    });
    let house = house(&server, &authority);
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| house.get("/api/x", &[])))
            .collect();
        for call in calls {
            call.join().unwrap().unwrap();
        }
    });
    assert_eq!(asked(&server), 1);
    assert_eq!(bearers(&server).len(), 6);
}

#[test]
fn one_that_is_about_to_end_or_is_not_taken_or_whose_credential_changed_is_asked_for_again() {
    let authority = Authority::new();
    let server = server(&authority, |number| {
        token(number, if number == 1 { 3 } else { 3600 })
    });
    let house = house(&server, &authority);
    house.get("/api/x", &[]).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    house.get("/api/x", &[]).unwrap();
    // A token that has just been given is not given up: a guest could have many asked for.
    house.get("/api/revoked", &[]).unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(house.get("/api/revoked", &[]).unwrap()["status"], 401);
    house.get("/api/x", &[]).unwrap();
    house.set("bank-client", "another/s3cret-of-25-bytes").ok();
    house.get("/api/x", &[]).unwrap();
    let with = |number: u32| format!("Bearer {TOKEN}{number}");
    assert_eq!(
        bearers(&server),
        [with(1), with(2), with(2), with(2), with(3), with(4)]
    );
    assert_eq!(asked(&server), 4);
}

#[test]
fn a_token_that_comes_back_ends_the_response() {
    let authority = Authority::new();
    let server = server(&authority, |number| token(number, 3600));
    let house = house(&server, &authority);
    let said = house.get("/api/echo", &[]).unwrap_err();
    assert!(is_cut(&said), "{said}");
    assert!(
        house
            .records(20)
            .iter()
            .any(|record| record["status"] == "echo")
    );
    house.holds_nowhere(TOKEN);
}

#[test]
fn without_a_token_nothing_is_sent_and_the_operator_hears_why() {
    let authority = Authority::new();
    let kinds: [(Gives, &str); 4] = [
        (
            |_| {
                answer(
                    "401 Unauthorized",
                    "{\"error\":\"invalid_client\",\"error_description\":\"hunter2\"}",
                )
            },
            "answered 401, `invalid_client`",
        ),
        (
            |_| answer("200 OK", "hunter2"),
            "answered with something else",
        ),
        (
            |_| {
                answer(
                    "200 OK",
                    "{\"access_token\":\"hunter2-hunter2\",\"token_type\":\"mac\"}",
                )
            },
            "it is no bearer token",
        ),
        (|_| answer("302 Found", ""), "answered 302"),
    ];
    for (gives, says) in kinds {
        let server = server(&authority, gives);
        let house = house(&server, &authority);
        assert_eq!(house.get("/api/x", &[]).unwrap_err(), DENIED, "{says}");
        assert!(bearers(&server).is_empty());
        let records = serde_json::Value::from(house.records(20)).to_string();
        assert!(records.contains(says), "{says}: {records}");
        house.holds_nowhere("hunter2");
    }
}

#[test]
fn where_tokens_come_from_is_held_to_what_every_destination_is_held_to() {
    let authority = Authority::new();
    let server = server(&authority, |number| token(number, 3600));
    let house = house(&server, &authority);
    let granted = grants(&server, &authority);
    let port = server.port;
    house.grant(
        &authority,
        &granted.replace(&format!("[\"127.0.0.1:{port}\"]"), "[]"),
    );
    house.get("/api/x", &[]).unwrap_err();
    assert!(server.heads().is_empty());
    for (from, to, says) in [
        (
            format!("https://bank.test:{port}/login"),
            format!("http://bank.test:{port}/login"),
            "not encrypted",
        ),
        (
            format!("https://bank.test:{port}/login"),
            format!("https://bank.test:{port}/api/login"),
            "itself ask for tokens",
        ),
        (
            format!("https://bank.test:{port}/login/token"),
            format!("https://bank.test:{port}/api/Login/"),
            "itself ask for tokens",
        ),
        (
            format!("bank.test:{port}/login"),
            format!("*.bank.test:{port}/login"),
            "from one host",
        ),
    ] {
        let refused = house.try_grant(&authority, &granted.replace(&from, &to));
        assert!(refused.stderr.contains(says), "{says}: {}", refused.stderr);
    }
    let without = house.try_grant(&authority, "auth = { sealed = \"bank-client\" }");
    assert!(
        without
            .stderr
            .contains("where the tokens of `target` come from"),
        "{}",
        without.stderr
    );
}
