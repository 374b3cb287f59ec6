//! A destination has one spelling, and a path means one thing; all else is refused.

use super::house::{Ask, House};
use super::server::{Authority, Server};

fn is_refused(house: &House, ask: &Ask) -> bool {
    match house.look(ask) {
        Ok(_) => false,
        Err(said) => {
            said.contains("HttpRequestDenied")
                || said.contains("HttpRequestUriInvalid")
                || said.contains("cannot say")
        }
    }
}

#[test]
fn another_spelling_of_a_granted_host_is_refused() {
    let server = Server::plain();
    let port = server.port();
    let http = format!(
        "[http.target]\nurl = \"http://127.0.0.1:{port}\"\nprivate = [\"127.0.0.1:{port}\"]\n"
    );
    let house = House::new(&http, None);
    let ask = |host: &str| Ask::get(&server, "/x").scheme("http").to(host);
    for host in [
        "127.1",
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "127.0.0.1.",
        "127.000.000.001",
        "localhost",
        "LOCALHOST",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1%25lo]",
        "user@127.0.0.1",
        "user:pw@127.0.0.1",
        "127.0.0.1@evil.test",
        "１２７.0.0.1",
        "",
    ] {
        assert!(
            is_refused(&house, &ask(&format!("{host}:{port}"))),
            "{host}"
        );
    }
    for authority in [
        "127.0.0.1:0".to_owned(),
        format!("127.0.0.1:0{port}"),
        format!("127.0.0.1:{port}?"),
        format!("127.0.0.1:{port}#"),
        format!("127.0.0.1:{port}/"),
        "127.0.0.1:".to_owned(),
    ] {
        assert!(is_refused(&house, &ask(&authority)), "{authority}");
    }
    assert_eq!(server.connections(), 0);
    house.look(&ask(&server.address.to_string())).unwrap();
}

#[test]
fn a_name_in_capitals_with_a_last_dot_or_in_another_script_is_refused() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, dns) = House::at(&server, &authority, "");
    for host in [
        "BANK.test",
        "bank.test.",
        "bａnk.test",
        "bаnk.test",
        "xn--bnk-7cd.test",
        "bank%2etest",
        "bank.test%00",
    ] {
        let ask = Ask::get(&server, "/api/x").to(&format!("{host}:{}", server.port()));
        assert!(is_refused(&house, &ask), "{host}");
    }
    assert_eq!((server.connections(), dns.asked("bank.test")), (0, 0));
}

#[test]
fn a_path_that_leaves_its_route_in_some_reader_s_eyes_is_refused() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "allow = [\"GET /open/*\"]\n");
    for path in [
        "/api/open/../shut",
        "/api/open/%2e%2e/shut",
        "/api/open/.%2E/shut",
        "/api/open/..%2fshut",
        "/api/open%2f..%2fshut",
        "/api/open/..;/shut",
        "/api/open;x/../shut",
        "/api/open/%252e%252e/shut",
        "/api/open//shut",
        "/api//open/x",
        "/api/open/..%5cshut",
        "/api/open/%00",
        "/api/open/./x",
        "/api/open/x;y=1",
        "/api/open/%c0%ae%c0%ae/shut",
        "/open/x",
        "/api/../api/open/x",
        "/API/open/x",
        "/api/open",
    ] {
        assert!(is_refused(&house, &Ask::get(&server, path)), "{path}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn what_was_matched_is_what_is_sent() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "allow = [\"GET /open/*\"]\n");
    house
        .look(&Ask::get(&server, "/%61pi/o%70en/a%2Ab%c3%a9?q=%2f"))
        .unwrap();
    assert_eq!(server.requests()[0].target, "/api/open/a%2Ab%C3%A9?q=%2f");
}

#[test]
fn other_schemes_and_methods_that_are_no_requests_are_refused() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    for scheme in ["http", "ws", "ftp", "HTTPS"] {
        assert!(
            house
                .send(&Ask::get(&server, "/api/x").scheme(scheme))
                .is_err(),
            "{scheme}"
        );
    }
    for method in ["CONNECT", "TRACE", "get", "PROPFIND", "PATCH"] {
        assert!(
            house
                .send(&Ask::get(&server, "/api/x").method(method))
                .is_err(),
            "{method}"
        );
    }
    assert_eq!(server.connections(), 0);
}
