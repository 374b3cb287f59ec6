//! Only public addresses are dialled, and those that a grant opens; whatever a name resolves to.

use std::net::TcpListener;

use serde_json::Value as Json;

use super::dns::Dns;
use super::house::{Ask, DENIED, House, target};
use super::server::{Authority, Server};

#[test]
fn a_granted_name_that_resolves_inside_is_refused_and_the_record_says_what_would_open_it() {
    let special = [
        ("127.0.0.1", "private"),
        ("10.0.0.1", "private"),
        ("169.254.169.254", ""),
        ("100.64.0.1", "private"),
        ("0.0.0.0", ""),
        ("224.0.0.1", ""),
        ("255.255.255.255", ""),
        ("198.18.0.1", "private"),
        ("192.0.2.1", "private"),
        ("192.0.0.1", "private"),
        ("100.100.100.200", ""),
        ("168.63.129.16", ""),
        ("::1", "private"),
        ("fd00::1", "private"),
        ("fe80::1", ""),
        ("ff02::1", ""),
        ("::ffff:10.0.0.1", ""),
        ("::ffff:93.184.216.34", ""),
        ("64:ff9b::10.0.0.1", ""),
        ("2002:a00:1::1", ""),
        ("2001:0:a00:1::1", ""),
        ("::a00:1", ""),
        ("fd00:ec2::254", ""),
    ];
    let names: Vec<String> = (0..special.len()).map(|n| format!("n{n}.test")).collect();
    let lists: Vec<[&str; 1]> = special.iter().map(|(address, _)| [*address]).collect();
    let rounds: Vec<[&[&str]; 1]> = lists.iter().map(|list| [list.as_slice()]).collect();
    let script: Vec<(&str, &[&[&str]])> = names
        .iter()
        .zip(&rounds)
        .map(|(name, round)| (name.as_str(), round.as_slice()))
        .collect();
    let dns = Dns::answering(&script);
    let house = House::new("[http.target]\nurl = \"http://*.sub.test\"\n", Some(&dns));
    let before = "http://*.sub.test".to_owned();
    let mut now = before;
    for (name, (address, opens)) in names.iter().zip(special) {
        let url = format!("http://{name}");
        house.change(&now, &url);
        now = url;
        let ask = Ask::get_at(name).scheme("http");
        assert_eq!(house.look(&ask).unwrap_err(), DENIED, "{address}");
        let records = house.settled(5);
        let refusal = records
            .iter()
            .find(|record| record["kind"] == "refusal")
            .unwrap();
        let detail = refusal["detail"].as_str().unwrap();
        assert!(
            detail.contains("must not be dialled"),
            "{address}: {detail}"
        );
        assert_eq!(
            detail.contains("to `private`"),
            !opens.is_empty(),
            "{address}: {detail}"
        );
        assert_eq!(refusal["place"], format!("http://{name}"));
    }
}

#[test]
fn one_bad_address_among_the_answers_refuses_all_of_them() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    for others in [
        ["127.0.0.1", "10.0.0.1"],
        ["127.0.0.1", "::1"],
        ["169.254.169.254", "127.0.0.1"],
    ] {
        let dns = Dns::answering(&[("bank.test", &[&others])]);
        let house = House::new(&target(&server, &authority, ""), Some(&dns));
        assert_eq!(
            house.look(&Ask::get(&server, "/api/x")).unwrap_err(),
            DENIED,
            "{others:?}"
        );
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_name_that_changes_its_mind_is_checked_each_time_it_is_asked() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let inside = TcpListener::bind(("127.0.0.2", server.port())).unwrap();
    inside.set_nonblocking(true).unwrap();
    let dns = Dns::answering(&[("bank.test", &[&["127.0.0.1"], &["127.0.0.2"]])]);
    let house = House::new(&target(&server, &authority, ""), Some(&dns));
    house.look(&Ask::get(&server, "/api/x")).unwrap();
    house.change("roots", "limits = { requests = 9 }\nroots"); // closes what is open
    assert_eq!(
        house.look(&Ask::get(&server, "/api/x")).unwrap_err(),
        DENIED
    );
    assert_eq!((dns.asked("bank.test"), server.requests().len()), (2, 1));
    assert!(inside.accept().is_err());
}

#[test]
fn a_look_up_that_fails_is_a_refusal() {
    let dns = Dns::answering(&[("empty.test", &[&[]])]);
    for name in ["unknown.test", "empty.test"] {
        let house = House::new(
            &format!("[http.target]\nurl = \"https://{name}\"\n"),
            Some(&dns),
        );
        assert_eq!(house.look(&Ask::get_at(name)).unwrap_err(), DENIED);
        let records = house.settled(5);
        let refusal: &Json = records
            .iter()
            .find(|record| record["kind"] == "refusal")
            .unwrap();
        assert_eq!(refusal["code"], "NOT_RESOLVED");
        let detail = refusal["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(&format!("`{name}` can't be resolved: "))
                && detail.contains("see whether that name is right (grants/"),
            "{refusal}"
        );
    }
}

#[test]
fn loopback_is_open_at_the_granted_port_alone() {
    let (granted, other) = (Server::plain(), Server::plain());
    let http = format!(
        "[http.target]\nurl = \"http://127.0.0.1:{}\"\nprivate = [\"{}\"]\n",
        other.port(),
        granted.address
    );
    let house = House::new(&http, None);
    let ask = Ask::get(&other, "/x")
        .scheme("http")
        .to(&other.address.to_string());
    assert_eq!(house.look(&ask).unwrap_err(), DENIED);
    let records = house.settled(5);
    let refusal = records
        .iter()
        .find(|record| record["kind"] == "refusal")
        .unwrap();
    let line = format!(
        "under `[http.target]`, add `\"{}\"` to `private`",
        other.address
    );
    assert!(
        refusal["detail"].as_str().unwrap().contains(&line),
        "{refusal}"
    );
    assert_eq!(other.connections(), 0);
    house.change(
        &format!("private = [\"{}\"]", granted.address),
        &format!("private = [\"{}\"]", other.address),
    );
    house.look(&ask).unwrap();
}
