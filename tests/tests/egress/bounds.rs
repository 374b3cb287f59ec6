//! What a call may send and receive ends at the grant's bounds.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::house::{Ask, DENIED, House};
use super::server::{Authority, Server};

/// A guest hears the code at the head of a response, and words in the middle of its body.
fn is_too_large(said: &str) -> bool {
    said.contains("HTTP response body size")
}

/// How much of the body the guest had by then.
fn had(said: &str) -> u64 {
    let (_, words) = said.split_once("after ").unwrap();
    words.split(' ').next().unwrap().parse().unwrap()
}

fn is_too_slow(said: &str) -> bool {
    said.contains("HttpResponseTimeout") || said.contains("HTTP response timeout")
}

#[track_caller]
fn end_of_effect(house: &House) -> Json {
    let records = house.settled(6);
    let intent = records
        .iter()
        .rev()
        .find(|record| record["action"] == "http" && record["kind"] == "intent")
        .unwrap();
    let end = records.iter().find(|record| record["of"] == intent["seq"]);
    end.unwrap().clone()
}

#[test]
fn a_response_is_cut_at_the_limit_compressed_or_not() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(
        &server,
        &authority,
        "limits = { received = \"256 KiB\", requests = 3 }\n",
    );
    let whole = house.look(&Ask::get(&server, "/api/bytes?262144")).unwrap();
    assert_eq!(whole["length"], "262144");
    for path in [
        "/api/bytes?262145",
        "/api/bytes?100000000",
        "/api/bomb?100000000",
    ] {
        let said = house.look(&Ask::get(&server, path)).unwrap_err();
        assert!(is_too_large(&said), "{path}: {said}");
        assert!(had(&said) <= 256 << 10, "{path}: {said}");
        assert_eq!(end_of_effect(&house)["status"], "limit");
    }
    let thrice = json!({ "request": Ask::get(&server, "/api/bytes?100000").json(), "times": 3 });
    assert!(
        is_too_large(&house.call("raw-http_send", &thrice).unwrap_err()),
        "together they are too much"
    );
}

#[test]
fn a_call_makes_no_more_requests_than_the_grant_lets() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "limits = { requests = 3 }\n");
    let times = |times: u32| {
        house.call(
            "raw-http_send",
            &json!({ "request": Ask::get(&server, "/api/x").json(), "times": times }),
        )
    };
    times(3).unwrap();
    assert_eq!(times(4).unwrap_err(), DENIED);
    assert_eq!(server.requests().len(), 6);
    let records = house.settled(9);
    let refusal = records
        .iter()
        .find(|record| record["kind"] == "refusal")
        .unwrap();
    assert!(
        refusal["detail"]
            .as_str()
            .unwrap()
            .contains("`limits = { requests = 6 }`"),
        "{refusal}"
    );
}

#[test]
fn a_request_body_ends_at_the_limit() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "limits = { sent = \"64 KiB\" }\n");
    let upload = |bytes: u64| {
        let ask = Ask::post(&server, "/api/x", "");
        house.call(
            "raw-http_upload",
            &json!({ "request": ask.json(), "bytes": bytes, "trailers": false }),
        )
    };
    upload(65536).unwrap();
    upload(65537).unwrap_err();
    upload(1 << 20).unwrap_err();
    assert!(server.requests().iter().all(|seen| seen.body <= 65536));
}

#[test]
fn a_flood_of_headers_ends_the_response() {
    let authority = Authority::new();
    for server in [
        Server::tls(&authority, &["bank.test"]),
        Server::tls_one(&authority, &["bank.test"]),
    ] {
        let (house, _dns) = House::at(&server, &authority, "");
        house.look(&Ask::get(&server, "/api/headers?5")).unwrap();
        house
            .look(&Ask::get(&server, "/api/headers?90"))
            .map(drop)
            .unwrap_err();
        house
            .look(&Ask::get(&server, "/api/headers?1000"))
            .map(drop)
            .unwrap_err();
    }
}

#[test]
fn a_slow_response_ends_at_the_grant_s_time_and_at_the_call_s() {
    let authority = Authority::new();
    let server = Server::tls_one(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "limits = { time = \"1s\" }\n");
    for path in ["/api/silent", "/api/drip"] {
        let began = Instant::now();
        let said = house.look(&Ask::get(&server, path)).unwrap_err();
        assert!(is_too_slow(&said), "{path}: {said}");
        assert!(began.elapsed() < Duration::from_secs(5), "{path}");
        let end = end_of_effect(&house);
        assert_eq!(
            (&end["kind"], &end["why"]),
            (&json!("unknown"), &json!("deadline"))
        );
        assert!(end["sent"].as_u64().unwrap() > 0);
        server.comes_to(0);
    }
}

#[test]
fn bytes_flow_both_ways_without_being_held() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(
        &server,
        &authority,
        "limits = { sent = \"64 MiB\", received = \"64 MiB\" }\n",
    );
    let down = house
        .look(&Ask::get(&server, "/api/bytes?50000000"))
        .unwrap();
    assert_eq!(down["length"], "50000000");
    let ask = Ask::post(&server, "/api/x", "");
    house
        .call(
            "raw-http_upload",
            &json!({ "request": ask.json(), "bytes": 8_000_000, "trailers": false }),
        )
        .unwrap();
    assert_eq!(server.requests()[1].body, 8_000_000);
}
