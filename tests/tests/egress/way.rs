//! A granted request arrives, and all of it is in the log; one that is not granted goes nowhere.

use serde_json::{Value as Json, json};

use super::house::{Ask, DENIED, House, target};
use super::server::{Authority, Server};

#[test]
fn a_granted_request_arrives_as_it_was_said_and_its_record_holds_no_path_and_no_body() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    let ask = Ask::post(&server, "/api/SECRET-PATH?SECRET-QUERY", "SECRET-BODY")
        .header("x-one", "SECRET-HEADER");
    let answer = house.send(&ask).unwrap();
    assert_eq!(
        (answer["status"].clone(), answer["body"].clone()),
        (json!(200), json!("hello from /api/SECRET-PATH"))
    );
    let [seen] = server.requests().try_into().unwrap();
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("POST", "/api/SECRET-PATH?SECRET-QUERY")
    );
    assert_eq!((seen.version.as_str(), seen.body), ("HTTP/2.0", 11));
    assert_eq!(seen.asked_for.as_deref(), Some("bank.test"));
    assert_eq!(
        seen.header("host"),
        Some(format!("bank.test:{}", server.port()).as_str())
    );
    assert_eq!(seen.header("x-one"), Some("SECRET-HEADER"));

    let [call, intent, end, outcome]: [Json; 4] = house.settled(4).try_into().unwrap();
    assert_eq!(
        (&intent["kind"], &intent["action"]),
        (&json!("intent"), &json!("http"))
    );
    assert_eq!(
        (&intent["parent"], &end["of"]),
        (&call["seq"], &intent["seq"])
    );
    assert_eq!(
        intent["place"],
        format!("https://bank.test:{}", server.port())
    );
    assert_eq!(intent["rule"], "target: POST /*");
    assert!(intent["input"]["hmac"].is_string() && end["output"]["hmac"].is_string());
    assert_eq!(
        (&end["status"], &outcome["status"]),
        (&json!("ok"), &json!("ok"))
    );
    assert!(
        end["detail"].as_str().unwrap().starts_with("200; "),
        "{end}"
    );
    let log = std::fs::read_to_string(house.home.data("audit/records.log")).unwrap();
    let printed = std::fs::read_to_string(house.home.data("owner.log")).unwrap();
    assert!(!log.contains("SECRET") && !printed.contains("SECRET"));
}

#[test]
fn a_server_that_speaks_only_http_1_1_is_spoken_to_so() {
    let authority = Authority::new();
    let server = Server::tls_one(&authority, &["bank.test"]);
    let (house, _dns) = House::at(&server, &authority, "");
    house.look(&Ask::get(&server, "/api/x")).unwrap();
    let [seen] = server.requests().try_into().unwrap();
    assert_eq!(seen.version, "HTTP/1.1");
    assert_eq!(
        seen.header("host"),
        Some(format!("bank.test:{}", server.port()).as_str())
    );
}

#[test]
fn without_tls_only_where_the_grant_says_so() {
    let server = Server::plain();
    let http = format!(
        "[http.target]\nurl = \"http://127.0.0.1:{0}\"\nprivate = [\"127.0.0.1:{0}\"]\n",
        server.port()
    );
    let house = House::new(&http, None);
    let ask = Ask::get(&server, "/x").to(&server.address.to_string());
    assert_eq!(
        house.look(&ask).unwrap_err(),
        DENIED,
        "https is not what is granted"
    );
    house.look(&ask.clone().scheme("http")).unwrap();
    assert_eq!(server.requests().len(), 1);
    let shown = house.home.run(&[
        "apply",
        "--yes",
        "--passphrase-file",
        house.home.passphrase(),
    ]);
    assert!(
        shown.stdout.contains("not encrypted") || shown.stderr.contains("not encrypted"),
        "{}",
        shown.stdout
    );
}

#[test]
fn what_is_not_granted_goes_nowhere_and_the_record_names_the_line() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, dns) = House::at(
        &server,
        &authority,
        "allow = [\"GET /a/*\", \"POST /*\"]\nfor = [\"look\"]\n",
    );
    let port = server.port();
    let get = |path: &str| Ask::get(&server, path);
    let refused = [
        (
            get("/api/a/1").to("evil.test"),
            "`https://evil.test` is no destination of the grant",
            "[http.other]",
        ),
        (
            get("/api/a/1").to(&format!("bank.test:{}", port - 1)),
            "is no destination of the grant",
            "[http.other]",
        ),
        (
            get("/api/a/1").to(&format!("x.bank.test:{port}")),
            "is no destination of the grant",
            "[http.other]",
        ),
        (
            get("/a/1"),
            "the path is not below that of `target`",
            "without a path",
        ),
        (
            get("/api/b"),
            "no route of `target` allows this `GET`",
            "`\"GET /*\"` to `allow`",
        ),
    ];
    for (ask, why, fix) in refused {
        assert_eq!(house.look(&ask).unwrap_err(), DENIED);
        let [_, refusal, _]: [Json; 3] = house.settled(3).try_into().unwrap();
        let detail = refusal["detail"].as_str().unwrap();
        assert_eq!(refusal["code"], "NOT_ALLOWED");
        assert!(
            detail.contains(why)
                && detail.contains(fix)
                && detail.contains("grants/guests.raw-http.toml"),
            "{detail}"
        );
    }
    assert_eq!(house.send(&get("/api/a/1")).unwrap_err(), DENIED);
    let detail = house.settled(3)[1]["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("`target` is not for `send`") && detail.contains("`\"send\"` to `for`"),
        "{detail}"
    );
    house.look(&get("/api/a/1")).unwrap();
    assert_eq!(server.requests().len(), 1);
    assert_eq!(dns.asked("evil.test"), 0);
}

#[test]
fn redirects_come_back_unfollowed() {
    let authority = Authority::new();
    let (server, other) = (
        Server::tls(&authority, &["bank.test"]),
        Server::tls(&authority, &["bank.test"]),
    );
    let (house, _dns) = House::at(&server, &authority, "");
    let to = format!("https://bank.test:{}/api/x", other.port());
    let answer = house
        .look(&Ask::get(&server, &format!("/api/redirect?{to}")))
        .unwrap();
    assert_eq!(answer["status"], 302);
    let headers: Vec<(String, String)> = serde_json::from_value(answer["headers"].clone()).unwrap();
    assert!(headers.contains(&("location".to_owned(), to)));
    assert_eq!((server.requests().len(), other.connections()), (1, 0));
}

#[test]
fn variables_of_the_environment_send_nothing_elsewhere() {
    let authority = Authority::new();
    let (server, proxy) = (Server::tls(&authority, &["bank.test"]), Server::plain());
    let (house, _dns) = House::at(&server, &authority, "");
    house.home.run(&["stop"]).ok();
    let at = format!("http://{}", proxy.address);
    let input = house.home.path("input.json");
    std::fs::write(
        &input,
        json!({ "request": Ask::get(&server, "/api/x").json() }).to_string(),
    )
    .unwrap();
    let mut command = house.home.command(&[
        "call",
        "raw-http_look",
        "--json",
        "--input",
        input.to_str().unwrap(),
    ]);
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        command.env(name, &at);
    }
    let done = command.env("NO_PROXY", "").output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
    assert_eq!((server.requests().len(), proxy.connections()), (1, 0));
}

#[test]
fn a_server_that_nobody_vouches_for_hears_no_request() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (stranger, misnamed) = (
        Server::tls(&theirs, &["bank.test"]),
        Server::tls(&ours, &["other.test"]),
    );
    for server in [&stranger, &misnamed] {
        let (house, _dns) = House::at(server, &ours, "");
        let answer = house.send(&Ask::post(server, "/api/x", "SECRET"));
        assert_eq!(
            answer.unwrap_err(),
            "TOOL_ERROR: \"ErrorCode::TlsCertificateError\""
        );
        assert!(server.requests().is_empty());
        let [_, intent, end, _]: [Json; 4] = house.settled(4).try_into().unwrap();
        assert_eq!(
            (&end["of"], &end["status"]),
            (&intent["seq"], &json!("failed"))
        );
    }
}

#[test]
fn the_configuration_says_where_each_destination_of_the_tool_is() {
    let server = Server::plain();
    let http = format!(
        "[http.target]\nurl = \"http://127.0.0.1:{}/api\"\n[http.other]\nurl = \"https://other.example\"\nfor = [\"look\"]\n",
        server.port()
    );
    let house = House::new(&http, None);
    let told = house
        .call("raw-http_where-is", &json!({ "name": "target" }))
        .unwrap();
    assert_eq!(
        told,
        json!([
            format!("http://127.0.0.1:{}/api", server.port()),
            ["target"]
        ])
    );
    assert_eq!(
        house
            .call("raw-http_where-is", &json!({ "name": "other" }))
            .unwrap()[0],
        json!(null)
    );
}

#[test]
fn the_sdk_reaches_destinations_by_name_and_escapes_segments() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test", "eu.files.test"]);
    let dns = super::dns::Dns::answering(&[
        ("bank.test", &[&["127.0.0.1"]]),
        ("eu.files.test", &[&["127.0.0.1"]]),
    ]);
    let bank = target(&server, &authority, "").replace("[http.target]", "[http.bank]");
    let files = target(&server, &authority, "")
        .replace("[http.target]", "[http.files]")
        .replace("bank.test", "*.files.test");
    let house = House::of("named-http", &format!("{bank}\n{files}"), Some(&dns));
    let made = house
        .call("named-http_initiate", &json!({ "minor": 4250 }))
        .unwrap();
    assert_eq!(made, "/payments/1");
    let state = house
        .call("named-http_status", &json!({ "payment": "47 11?x=1#é" }))
        .unwrap();
    assert_eq!(state, "hello from /api/payments/47%2011%3Fx%3D1%23%C3%A9");
    let sub = |label: &str| {
        house.call(
            "named-http_sub",
            &json!({ "label": label, "path": "/2026" }),
        )
    };
    assert_eq!(sub("eu").unwrap(), "hello from /api/2026");
    for (payment, label) in [
        ("../refunds", "a.b"),
        ("a/b", "*"),
        ("..", "eu.files.test@evil"),
    ] {
        let refused = "TOOL_ERROR: \"the host refused the request\"";
        assert_eq!(
            house
                .call("named-http_status", &json!({ "payment": payment }))
                .unwrap_err(),
            refused
        );
        assert_eq!(sub(label).unwrap_err(), refused, "{label}");
    }
    let [order, ..] = &server.requests()[..] else {
        panic!("nothing came")
    };
    assert_eq!(
        (order.header("content-length"), order.header("content-type")),
        (Some("14"), Some("application/json"))
    );
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn how_requests_leave_is_the_operator_s_to_say_with_a_proof() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let (house, dns) = House::at(&server, &authority, "");
    let ask = Ask::get(&server, "/api/x");
    house.look(&ask).unwrap();
    let file = house.home.config("egress.toml");
    let theirs = super::dns::Dns::answering(&[("bank.test", &[&["127.0.0.1"]])]);
    std::fs::write(&file, format!("dns = [\"{}\"]\n", theirs.address)).unwrap();
    assert!(house.look(&ask).is_err(), "it was edited and not applied");
    assert_eq!((dns.asked("bank.test"), theirs.asked("bank.test")), (1, 0));
    let shown = house.home.apply().ok();
    assert!(
        shown.stdout.contains("names are looked up at"),
        "{}",
        shown.stdout
    );
    house.look(&ask).unwrap();
    assert_eq!((dns.asked("bank.test"), theirs.asked("bank.test")), (1, 1));
    std::fs::write(&file, "no_proxy = [\"bank.test\"]\n").unwrap();
    assert_ne!(house.home.apply().code, 0, "an unknown key");
}
