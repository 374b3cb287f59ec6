//! Calls over streamable HTTP with client certificates, every record durable, beside a server that speaks TLS and says one
//! thing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::{Value as Json, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use vouchsafe_tests::Home;
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::served::{Served, tls};

use crate::client::processor_time;
use crate::report::{Report, median, percentile, time};

const CONNECTIONS: usize = 64;
const CALLS: usize = 300;

/// What the load gave.
struct Seen {
    a_second: f64,
    times: Vec<Duration>,
}

pub(crate) fn measure(report: &mut Report) {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    home.warm("echo_say", &json!({ "text": "hello" }));
    let served = Served::start(home, "");
    served.agent("a", "[\"*\"]");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("threads");
    let (floor, mut ours, work) = runtime.block_on(async {
        let floor = load(do_nothing().await, &tls(None)).await;
        assert!(served.session("a").await.end().await.success());
        let client = tls(Some(&served.papers("a")));
        load(served.port, &client).await;
        let before = processor_time(served.pid());
        let ours = load(served.port, &client).await;
        let work = processor_time(served.pid()) - before;
        (floor, ours, work / (CONNECTIONS * CALLS) as u32)
    });
    let share = ours.a_second / floor.a_second;
    report.row(
        "MCP calls over HTTP and TLS with client certificates, 64 connections, every record durable",
        format!("{:.0}/s", ours.a_second),
        format!("do-nothing TLS server {:.0}/s", floor.a_second),
        format!("{:.0} %", share * 100.0),
        (">= 2,500/s", ours.a_second >= 2500.0),
    );
    let late = percentile(&mut ours.times, 0.99);
    report.times(
        "the same, p99",
        late,
        ("its p50", median(&mut ours.times)),
        ("< 60 ms", late < Duration::from_millis(60)),
    );
    report.row(
        "the same, server CPU of a call, user and system",
        time(work),
        String::new(),
        String::new(),
        ("", true),
    );
}

/// One answer to all, over TLS. Gives its port.
async fn do_nothing() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = Authority::new().config(&["127.0.0.1"], &["http/1.1"]);
    let tls = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                stream.set_nodelay(true).expect("a socket");
                let stream = tls.accept(stream).await.expect("a client");
                let answer = service_fn(|request: Request<hyper::body::Incoming>| async {
                    drop(request.into_body().collect().await);
                    let says = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(says))))
                });
                let server = hyper::server::conn::http1::Builder::new();
                drop(server.serve_connection(TokioIo::new(stream), answer).await);
            });
        }
    });
    port
}

/// All connections at once, each calling one time after another.
async fn load(port: u16, client: &ClientConfig) -> Seen {
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        senders.push(connect(port, client).await);
    }
    let start = Instant::now();
    let calling = senders
        .into_iter()
        .map(|sender| tokio::spawn(calls(sender, port)));
    let mut times = Vec::new();
    for called in futures::future::join_all(calling).await {
        times.extend(called.expect("calls"));
    }
    Seen {
        a_second: times.len() as f64 / start.elapsed().as_secs_f64(),
        times,
    }
}

async fn connect(port: u16, client: &ClientConfig) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let connector = TlsConnector::from(Arc::new(client.clone()));
    let stream = connector.connect(name, stream).await.expect("TLS");
    let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    sender
}

async fn calls(mut sender: SendRequest<Full<Bytes>>, port: u16) -> Vec<Duration> {
    let call = call().to_string();
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let request = Request::post("/mcp")
            .header("host", format!("127.0.0.1:{port}"))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", REVISION)
            .header("mcp-method", "tools/call")
            .header("mcp-name", "echo_say")
            .body(Full::new(Bytes::from(call.clone())))
            .expect("a request");
        let start = Instant::now();
        let answer = sender.send_request(request).await.expect("an answer");
        let status = answer.status();
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        times.push(start.elapsed());
        let refused = || String::from_utf8_lossy(&body).into_owned();
        assert!(status.is_success(), "{status}: {}", refused());
        assert!(
            !body.windows(14).any(|part| part == b"\"isError\":true"),
            "{}",
            refused()
        );
    }
    times
}

/// The revision whose requests stand alone.
const REVISION: &str = "2026-07-28";

fn call() -> Json {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {
            "name": "echo_say", "arguments": { "text": "hello" },
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": REVISION,
                "io.modelcontextprotocol/clientInfo": { "name": "load", "version": "0" },
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    })
}
