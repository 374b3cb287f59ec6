//! Connections are kept for who made them, and for no longer than the rules that let them.

use serde_json::json;

use super::house::{Ask, House};
use super::server::{Authority, Server};

fn servers(authority: &Authority) -> [Server; 2] {
    [
        Server::tls(authority, &["bank.test"]),
        Server::tls_one(authority, &["bank.test"]),
    ]
}

#[test]
fn one_connection_serves_many_requests_and_calls() {
    let authority = Authority::new();
    for server in servers(&authority) {
        let (house, dns) = House::at(&server, &authority, "");
        let ask = Ask::post(&server, "/api/x", "body").json();
        house
            .call("raw-http_send", &json!({ "request": ask, "times": 5 }))
            .unwrap();
        house.look(&Ask::get(&server, "/api/nothing")).unwrap();
        house.look(&Ask::get(&server, "/api/x")).unwrap();
        assert_eq!((server.requests().len(), server.connections()), (7, 1));
        assert_eq!(dns.asked("bank.test"), 1);
    }
}

#[test]
fn a_connection_that_waits_is_closed_when_the_rules_change_or_the_skill_is_switched_off() {
    let authority = Authority::new();
    for server in servers(&authority) {
        let (house, _dns) = House::at(&server, &authority, "");
        house.look(&Ask::get(&server, "/api/x")).unwrap();
        server.comes_to(1);
        house.change("roots", "limits = { requests = 9 }\nroots");
        server.comes_to(0);
        house.look(&Ask::get(&server, "/api/x")).unwrap();
        server.comes_to(1);
        house.home.run(&["disable", "raw-http"]).ok();
        server.comes_to(0);
    }
}

#[test]
fn a_connection_that_the_server_closed_is_not_used_again() {
    let authority = Authority::new();
    let server = Server::tls_one(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    house.look(&Ask::get(&server, "/api/x")).unwrap();
    house.look(&Ask::get(&server, "/api/redirect")).unwrap();
    assert_eq!(server.connections(), 1);
}
