//! Requests that are not what they should be.

use serde_json::json;
use vouchsafe_tests::served::{Papers, Served, tls};

use crate::{INITIALIZE, served};

async fn enrolled(served: &Served, name: &str) -> Papers {
    assert!(served.session(name).await.end().await.success());
    served.papers(name)
}

/// A request to `/mcp` with this head after the first line.
async fn raw(served: &Served, papers: &Papers, head: &str, body: &str) -> u16 {
    let request = format!(
        "{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    served
        .send(Some(papers), request.as_bytes())
        .await
        .unwrap()
        .status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_this_host_and_comes_from_no_page() {
    let served = served(&["a"]);
    let a = enrolled(&served, "a").await;
    let port = served.port;
    let typed = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
    let head = |host: &str| format!("POST /mcp HTTP/1.1\r\n{host}{typed}");
    for (host, status) in [
        (format!("Host: 127.0.0.1:{port}\r\n"), 200),
        (format!("Host: localhost:{port}\r\n"), 200),
        (format!("Host: evil.example:{port}\r\n"), 421),
        ("Host: 127.0.0.1\r\n".to_owned(), 421),
        (String::new(), 400),
        (
            format!("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}\r\n"),
            400,
        ),
        (
            format!("Host: 127.0.0.1:{port}\r\nOrigin: https://evil.example\r\n"),
            403,
        ),
        (
            format!("Host: 127.0.0.1:{port}\r\nOrigin: https://127.0.0.1:{port}\r\n"),
            403,
        ),
        (format!("Host: 127.0.0.1:{port}\r\nOrigin: null\r\n"), 403),
    ] {
        assert_eq!(
            raw(&served, &a, &head(&host), INITIALIZE).await,
            status,
            "{host}"
        );
    }
    let absolute =
        format!("POST https://evil.example/mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{typed}");
    assert_eq!(raw(&served, &a, &absolute, INITIALIZE).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_one_meaning_a_type_and_a_bound() {
    let served = served(&["a"]);
    let a = enrolled(&served, "a").await;
    let twice = INITIALIZE.replace("\"id\":1", "\"id\":1,\"id\":2");
    let long = format!("{INITIALIZE}{}", " ".repeat(9 << 20));
    for (what, body, status) in [
        ("a key twice", &*twice, 400),
        ("cut", &INITIALIZE[..40], 400),
        ("nothing", "", 400),
        ("too long", &long, 413),
    ] {
        let answer = served.post(Some(&a), "/mcp", "", body).await;
        // Who is refused while still sending may see the connection end.
        let got = answer.map_or(413, |answer| answer.status);
        assert_eq!(got, status, "{what}");
    }
    let port = served.port;
    let typed = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: text/plain\r\nAccept: application/json, text/event-stream\r\n"
    );
    assert_eq!(raw(&served, &a, &typed, INITIALIZE).await, 415);
    let other = format!("GET /etc/passwd HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    assert_eq!(raw(&served, &a, &other, "").await, 404);
    let smuggled = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n"
    );
    let answer = raw(&served, &a, &smuggled, "0\r\n\r\nGET /mcp HTTP/1.1\r\n\r\n").await;
    assert_eq!(answer, 400, "two lengths");
}

/// A session is its agent's: its id is worth nothing to another.
#[tokio::test(flavor = "multi_thread")]
async fn an_agents_session_is_not_found_by_another_agent() {
    let served = served(&["a", "b"]);
    let (a, b) = (enrolled(&served, "a").await, enrolled(&served, "b").await);
    let begun = served.post(Some(&a), "/mcp", "", INITIALIZE).await.unwrap();
    let session = begun
        .text
        .lines()
        .find_map(|line| line.strip_prefix("mcp-session-id: "));
    let session = format!(
        "Mcp-Session-Id: {}\r\nMcp-Protocol-Version: 2025-06-18\r\n",
        session.unwrap().trim()
    );
    let initialized =
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
    let ready = served
        .post(Some(&a), "/mcp", &session, &initialized)
        .await
        .unwrap();
    assert_eq!(ready.status, 202, "{ready:?}");
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }).to_string();
    let other = served
        .post(Some(&b), "/mcp", &session, &list)
        .await
        .unwrap();
    assert_eq!(other.status, 404, "{other:?}");
    let nobody = served.post(None, "/mcp", &session, &list).await.unwrap();
    assert_eq!(nobody.status, 401);
    let own = served
        .post(Some(&a), "/mcp", &session, &list)
        .await
        .unwrap();
    assert_eq!(own.status, 200);
    assert!(
        own.text.contains("echo_") && !own.text.contains("types_"),
        "{}",
        own.text
    );
}

/// Who shows no certificate takes no room from who does.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_that_hold_connections_open_keep_nobody_out() {
    let served = served(&["a"]);
    let a = enrolled(&served, "a").await;
    let mut held = Vec::new();
    for _ in 0..100 {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", served.port));
        held.push(stream.await.unwrap());
    }
    // All but a few are closed at once, and not when their time is up.
    let last = held.last_mut().unwrap();
    let mut byte = [0];
    let closed = tokio::io::AsyncReadExt::read(last, &mut byte);
    let closed = tokio::time::timeout(std::time::Duration::from_secs(5), closed);
    assert!(closed.await.is_ok(), "it stays open");
    let from_elsewhere = served.post_from("127.0.0.2", Some(&a), "/mcp", "", INITIALIZE);
    assert_eq!(from_elsewhere.await.unwrap().status, 200);
    drop(held);
    // The host has to see first that they are gone.
    for _ in 0..50 {
        let answer = served.post(Some(&a), "/mcp", "", INITIALIZE).await;
        if answer.is_ok_and(|answer| answer.status == 200) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it stays out");
}

/// A request of 2026-07-28 stands alone, and so nothing is begun by one.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_stands_alone_begins_no_session() {
    let served = served(&["a"]);
    let a = enrolled(&served, "a").await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "t", "version": "0" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let ask = async |method: &str| {
        let headers = format!("Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n");
        let body =
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "_meta": meta } });
        let body = body.to_string();
        served
            .post(Some(&a), "/mcp", &headers, &body)
            .await
            .unwrap()
    };
    let listed = ask("tools/list").await;
    assert!(
        listed.status == 200 && listed.text.contains("echo_say"),
        "{listed:?}"
    );
    assert!(!listed.text.to_lowercase().contains("mcp-session-id"));
    let begun = ask("initialize").await;
    assert_eq!(begun.status, 404, "{begun:?}");
    assert!(begun.text.contains("-32601"), "{begun:?}");
}

/// More sessions than one agent may have are refused; requests that stand alone go on.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_has_so_many_sessions_and_so_many_certificates_and_no_more() {
    use base64::Engine as _;
    let served = served(&["a"]);
    let a = enrolled(&served, "a").await;
    let mut statuses = Vec::new();
    for _ in 0..9 {
        let begin = (0..8).map(|_| served.post(Some(&a), "/mcp", "", INITIALIZE));
        let begun = futures::future::join_all(begin).await;
        statuses.extend(begun.into_iter().map(|answer| answer.unwrap().status));
    }
    let refused = statuses.iter().filter(|status| **status == 429).count();
    // The one of `connect` has ended by now, or has not.
    assert!((8..=9).contains(&refused), "{statuses:?}");

    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    let request = base64::engine::general_purpose::STANDARD.encode(request.der());
    // What is none is no record either.
    let none = json!({ "request": "e30=" }).to_string();
    assert_eq!(
        served
            .post(Some(&a), "/renew", "", &none)
            .await
            .unwrap()
            .status,
        400
    );
    let renewed = |one: &serde_json::Value| one["action"] == "renew";
    assert!(!served.home.records(100).iter().any(renewed));
    let body = json!({ "request": request }).to_string();
    assert_eq!(
        served
            .post(Some(&a), "/renew", "", &body)
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(
        served
            .post(Some(&a), "/renew", "", &body)
            .await
            .unwrap()
            .status,
        403
    );
}

/// Who sends requests and takes no answers has no more time than others: half a minute, and a few seconds to end.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_that_takes_no_answers_is_cut_off() {
    use tokio::io::AsyncWriteExt as _;
    let served = served(&[]);
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", served.port))
        .await
        .unwrap();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let tls = tokio_rustls::TlsConnector::from(std::sync::Arc::new(tls(None)));
    let mut stream = tls.connect(name, stream).await.unwrap();
    let request = format!("GET /x HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", served.port);
    let endless = async {
        loop {
            if stream.write_all(request.as_bytes()).await.is_err() || stream.flush().await.is_err()
            {
                return;
            }
        }
    };
    let cut = tokio::time::timeout(std::time::Duration::from_secs(60), endless).await;
    assert!(cut.is_ok(), "it goes on");
}
