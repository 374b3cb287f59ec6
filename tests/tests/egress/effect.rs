//! An effect is enforced: a tool that reads sends nothing but GET and HEAD, and what the operator says only reads.

use serde_json::Value as Json;

use super::house::{Ask, DENIED, House};
use super::server::{Authority, Server};

#[test]
fn a_tool_that_reads_makes_no_connection_to_write() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    let post = Ask::post(&server, "/api/x", "12345");
    assert_eq!(house.look(&post).unwrap_err(), DENIED);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_tool_that_reads_sends_only_what_reads() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "reads = [\"POST /search\"]\n");
    let ask = |method: &str, path: &str| Ask::get(&server, path).method(method);
    for method in ["GET", "HEAD"] {
        house.look(&ask(method, "/api/x")).unwrap();
    }
    house.look(&ask("POST", "/api/search")).unwrap();
    for (method, path) in [
        ("POST", "/api/x"),
        ("PUT", "/api/search"),
        ("DELETE", "/api/x"),
        ("OPTIONS", "/api/x"),
    ] {
        assert_eq!(
            house.look(&ask(method, path)).unwrap_err(),
            DENIED,
            "{method} {path}"
        );
        let [_, refusal, _]: [Json; 3] = house.settled(3).try_into().unwrap();
        assert_eq!(refusal["code"], "NOT_THIS_EFFECT");
        house.send(&ask(method, path)).unwrap();
    }
    assert_eq!(server.requests().len(), 7);
}
