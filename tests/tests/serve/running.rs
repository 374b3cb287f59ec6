//! From the invitation to the last call.

use serde_json::json;
use vouchsafe_tests::Home;
use vouchsafe_tests::mcp::Session;
use vouchsafe_tests::served::{Served, until};

use crate::{INITIALIZE, served, served_with};

/// The end that matters: who is invited comes in, calls what its role has, and is out when it is revoked.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_invited_calls_what_its_role_has_and_is_kept_out() {
    let served = served(&["a"]);
    let session = served.session("a").await;
    let tools = session.tools().await;
    assert!(
        tools.iter().all(|tool| tool.starts_with("echo_")),
        "{tools:?}"
    );
    let answer = session
        .call("echo_say", json!({ "text": "hello" }))
        .await
        .unwrap();
    assert_eq!(
        answer.structured_content.unwrap(),
        json!({ "result": "hello" })
    );
    // As if there were no such tool, or none for it: nothing of it is done.
    let others = session.call("types_everything", json!({})).await;
    assert!(others.map_or(true, |answer| answer.is_error == Some(true)));

    let listed = served.home.run(&["agent", "list", "--json"]).ok().json();
    let who = listed[0]["principal"].as_str().unwrap();
    let asked = ["audit", "query", "--who", who, "--json"];
    let of_a = served.home.run(&asked).ok().json();
    let of_a = of_a.as_array().unwrap();
    let did = |what: &str| {
        of_a.iter()
            .any(|one| one["action"] == what || one["kind"] == what)
    };
    assert!(did("enrol") && did("intent"), "{of_a:?}");
    let why = served
        .home
        .run(&["why", "guests:types", "everything", "--as", "a"]);
    assert!(why.stdout.contains("of-a"), "{}", why.stdout);

    served.home.run(&["agent", "revoke", "a"]).ok();
    let after = session.call("echo_say", json!({ "text": "again" })).await;
    assert!(after.is_err(), "{after:?}");
    let papers = served.papers("a");
    let refused = served
        .post(Some(&papers), "/mcp", "", INITIALIZE)
        .await
        .unwrap();
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(
        !refused.text.contains("revoked"),
        "the reason is the operator's"
    );

    session.end().await;
    // A new invitation counts more than what it keeps.
    let session = served.session("a").await;
    assert!(
        session
            .call("echo_say", json!({ "text": "back" }))
            .await
            .is_ok()
    );
}

/// What an agent may do follows the files that are applied, while it is connected.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_applied_counts_at_once_and_one_that_is_only_edited_stops_its_agents() {
    let served = served(&["a"]);
    let session = served.session("a").await;
    assert!(
        session
            .call("echo_say", json!({ "text": "x" }))
            .await
            .is_ok()
    );
    let file = served.home.config("agents/a.toml");
    let role = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, role.replace("of-a", "local")).unwrap();
    let edited = session
        .call("echo_say", json!({ "text": "x" }))
        .await
        .unwrap();
    assert_eq!(edited.is_error, Some(true), "{edited:?}");
    served.home.apply().ok();
    assert!(
        session
            .tools()
            .await
            .iter()
            .any(|tool| tool.starts_with("types_"))
    );

    std::fs::remove_file(&file).unwrap();
    served.home.apply().ok();
    assert!(
        session
            .call("echo_say", json!({ "text": "x" }))
            .await
            .is_err(),
        "no agent any more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_rides_out_a_restart_of_the_host() {
    let mut served = served(&["a"]);
    let session = served.session("a").await;
    assert!(
        session
            .call("echo_say", json!({ "text": "x" }))
            .await
            .is_ok()
    );
    served.restart();
    let after = session
        .call("echo_say", json!({ "text": "y" }))
        .await
        .unwrap();
    assert_eq!(after.structured_content.unwrap(), json!({ "result": "y" }));
    assert!(session.end().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_renews_its_certificate_before_its_end_and_its_key_with_it() {
    let served = served_with(&["a"], "[agents]\nttl = \"30m\"");
    assert!(served.session("a").await.end().await.success());
    let before = served.papers("a");
    // As if it had been for long, so that it is within the last hour.
    let file = served.state("a").join("agent.json");
    let mut kept: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    kept["from"] = json!("2020-01-01T00:00:00Z");
    std::fs::write(&file, kept.to_string()).unwrap();
    let session = Session::over(served.connect("a", &[])).await;
    until("another certificate", || {
        served.papers("a").certificate != before.certificate
    });
    assert_ne!(served.papers("a").key, before.key);
    assert!(
        session
            .call("echo_say", json!({ "text": "x" }))
            .await
            .is_ok()
    );
    let renewed =
        |one: &serde_json::Value| one["action"] == "renew" && one["facts"]["agent"] == "a";
    assert!(served.home.records(50).iter().any(renewed));
}

/// One process owns a home: an owner that was started for a while makes way, one that serves does not.
#[test]
fn one_process_serves_a_home_and_ends_well_when_it_is_told() {
    let home = Home::trusting(&["guests"]);
    home.run(&["list"]).ok();
    let mut served = Served::start(home, "");
    let second = served.home.run(&["serve"]).code(4);
    assert!(
        second.stderr.contains("vouchsafe stop"),
        "{}",
        second.stderr
    );
    assert!(served.end().success());
    served.home.run(&["audit", "verify"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_tell_whether_it_lives_and_is_ready_and_nothing_else() {
    let served = served(&[]);
    for (path, status) in [
        ("/livez", 200),
        ("/readyz", 200),
        ("/mcp", 404),
        ("/metrics/../livez", 404),
    ] {
        assert_eq!(probe(&served, path).await, status, "{path}");
    }
}

async fn probe(served: &Served, path: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", served.probe))
        .await
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer[9..12].parse().unwrap()
}

/// What is applied is taken up by the next start, and until then the listener answers as it is called.
#[tokio::test(flavor = "multi_thread")]
async fn another_address_that_is_applied_shuts_nobody_out_before_the_next_start() {
    let served = served(&["a"]);
    let session = served.session("a").await;
    let other = vouchsafe_tests::served::free_port();
    let settings = format!("listen = \"127.0.0.2:{other}\"\n");
    std::fs::write(served.home.config("vouchsafe.toml"), settings).unwrap();
    served.home.apply().ok();
    let answer = session.call("echo_say", json!({ "text": "x" })).await;
    assert!(answer.is_ok_and(|answer| answer.is_error != Some(true)));
}
