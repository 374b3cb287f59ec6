//! Clients of others, which have no certificates: through a proxy that shows an agent's.

use serde_json::{Value as Json, json};
use vouchsafe_tests::Home;
use vouchsafe_tests::proxy::Proxy;
use vouchsafe_tests::say::text;
use vouchsafe_tests::served::{Served, until};
use vouchsafe_tests::{python, wasm};

/// An agent that may call everything of a served home, and the way in for clients.
async fn with_proxy(guests: &[&str]) -> (Served, Proxy) {
    let home = Home::trusting(&["guests"]);
    for guest in guests {
        home.with_guest(guest);
    }
    let served = Served::start(home, "");
    served.agent("client", "[\"*\"]");
    assert!(served.session("client").await.end().await.success());
    let proxy = Proxy::start(&served, &served.papers("client")).await;
    (served, proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_python_client_calls_over_the_network() {
    let python = match python::program("python") {
        Ok(python) => python,
        Err(reason) => return println!("SKIPPED: {reason}"),
    };
    let (served, proxy) = with_proxy(&["echo", "sleeper"]).await;
    let client = wasm::root().join("tests/python/client.py");
    let url = proxy.url();
    let run = move || python::run(text(&python), &[text(&client), &url]);
    let seen = tokio::task::spawn_blocking(run).await.unwrap();
    let seen: Json = serde_json::from_str(&seen.unwrap_or_else(|error| panic!("{error}"))).unwrap();
    for (mode, revision) in [("auto", "2026-07-28"), ("legacy", "2025-11-25")] {
        let seen = &seen[mode];
        assert_eq!(seen["revision"], revision);
        assert_eq!(
            seen["tools"],
            json!(["echo_say", "sleeper_poll", "sleeper_sleep"])
        );
        assert_eq!(seen["said"]["result"], "gr\u{fc}\u{df}\u{200b}dich");
        assert_eq!(seen["wrong"][0], true);
        assert!(seen["slow"][1].as_u64() > Some(0), "no progress: {seen}");
        assert_eq!(seen["unknown"], -32602);
        assert_eq!(seen["after"]["result"], "still here", "{seen}");
    }
    until("both modes' given-up calls are cancelled", || {
        let records = served.home.run(&["audit", "query", "--json"]).ok().json();
        let records = records.as_array().unwrap();
        let ended = records.iter().filter(|one| one["status"] == "cancelled");
        ended.count() == 2
    });
}
