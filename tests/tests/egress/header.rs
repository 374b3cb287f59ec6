//! What only the host says about a request is refused from a guest, never dropped or mended.

use super::house::{Ask, DENIED, House};
use super::server::{Authority, Seen, Server};

#[test]
fn headers_that_a_guest_may_not_set_are_refused_and_recorded() {
    let authority = Authority::new();
    let server = Server::tls_one(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    let set = |name: &str, value: &str| Ask::post(&server, "/api/x", "12345").header(name, value);
    let one = [
        ("Host", "evil.test"),
        ("Connection", "close"),
        ("Connection", "x-one"),
        ("Transfer-Encoding", "chunked"),
        ("TE", "trailers"),
        ("Upgrade", "h2c"),
        ("Trailer", "x"),
        ("Keep-Alive", "1"),
        ("Expect", "100-continue"),
        ("Proxy-Authorization", "x"),
        ("Proxy-Connection", "x"),
        ("X-Forwarded-For", "1.1.1.1"),
        ("X-Forwarded-Host", "a"),
        ("Forwarded", "for=a"),
        ("Via", "a"),
        ("Authorization", "Bearer x"),
        ("Cookie", "a=b"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X_Forwarded_For", "a"),
        ("Content-Length", "+5"),
        ("Content-Length", "5, 5"),
        ("X-A", "é"),
        ("X-A", "\u{7f}"),
    ];
    for (name, value) in one {
        let said = house
            .send(&set(name, value))
            .map(|_| server.requests().pop())
            .expect_err(&format!("{name}: {value}"));
        assert!(
            said == DENIED || said.contains("header") || said.contains("InternalError"),
            "{name}: {said}"
        );
    }
    for (name, value) in [
        ("Content-Type", "a/b"),
        ("User-Agent", "a"),
        ("Range", "bytes=0-1"),
    ] {
        assert_eq!(
            house
                .send(&set(name, value).header(name, value))
                .unwrap_err(),
            DENIED,
            "{name} twice"
        );
    }
    for value in ["a\r\nx-injected: 1", "a\nb", "a\0b"] {
        assert!(house.send(&set("x-a", value)).is_err(), "{value:?}");
    }
    assert!(server.requests().is_empty());
    let why = "connection: the host frames requests";
    let records = serde_json::Value::from(house.records(200)).to_string();
    assert!(records.contains(why), "{records}");
}

#[test]
fn a_correct_length_is_accepted_and_a_wrong_one_never_arrives_whole() {
    let authority = Authority::new();
    for server in [
        Server::tls_one(&authority, &["bank.test"]),
        Server::tls(&authority, &["bank.test"]),
    ] {
        let (house, _dns) = House::at(&server, &authority, "");
        let body =
            |length: &str| Ask::post(&server, "/api/x", "12345").header("content-length", length);
        house.send(&body("5")).unwrap();
        let [right] = server.requests().try_into().unwrap();
        assert_eq!((right.header("content-length"), right.body), (Some("5"), 5));
        for wrong in ["4", "6", "0"] {
            assert!(house.send(&body(wrong)).is_err(), "{wrong}");
        }
        let answered = server.requests();
        // Of what is said to be longer all may come, and is not all.
        let cut = |seen: &Seen| seen.body < 5 || seen.header("content-length") == Some("6");
        assert!(answered.iter().skip(1).all(cut), "{answered:?}");
    }
}

#[test]
fn trailers_of_a_request_are_not_sent() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    let upload = |trailers: bool| {
        let ask = Ask::post(&server, "/api/x", "");
        house.call(
            "raw-http_upload",
            &serde_json::json!({ "request": ask.json(), "bytes": 10, "trailers": trailers }),
        )
    };
    upload(false).unwrap();
    upload(true).unwrap_err();
}

#[test]
fn headers_of_the_connection_do_not_come_through() {
    let authority = Authority::new();
    let server = Server::tls_one(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    let answer = house.look(&Ask::get(&server, "/api/hop")).unwrap();
    let text = answer["headers"].to_string();
    assert!(
        !text.contains("keep-alive")
            && !text.contains("proxy-connection")
            && !text.contains("transfer-encoding"),
        "{text}"
    );
}

#[test]
fn a_get_with_a_body_is_refused_and_never_sent_without_it() {
    let authority = Authority::new();
    let server = Server::tls_one(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    for method in ["GET", "HEAD"] {
        let ask = Ask::post(&server, "/api/x", "12345").method(method);
        assert_eq!(house.send(&ask).unwrap_err(), DENIED);
        assert_eq!(
            house.send(&ask.header("content-length", "5")).unwrap_err(),
            DENIED
        );
    }
    assert!(server.requests().is_empty());
    house
        .send(&Ask::get(&server, "/api/x").header("content-length", "0"))
        .unwrap();
}
