//! A request that a skill has the host make, beside the same request by hyper and rustls alone: same server, same
//! run, connections that are warm, records in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value as Json, json};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use vouchsafe_ambient::files::Lock;
use vouchsafe_daemon::caller::Caller;
use vouchsafe_daemon::home::Home as Place;
use vouchsafe_daemon::owner::Owner;
use vouchsafe_tests::Home;

use crate::owner::MEMORY;
use crate::report::{Report, time};
use crate::server::{Authority, Server};

const REQUESTS: u32 = 1000;
/// What is streamed, in bytes.
const MUCH: u64 = 100 << 20;

pub(crate) fn measure(report: &mut Report) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("threads");
    let authority = Authority::new();
    let server = Server::tls(&authority, &["localhost"]);
    let bare = runtime.block_on(async {
        let mut bare = Bare::connect(&server, &authority).await;
        bare.time("/warm", 50).await;
        (
            bare.time("/x", REQUESTS).await / REQUESTS,
            bare.time(&format!("/bytes?{MUCH}"), 1).await,
        )
    });
    let brokered = runtime.block_on(brokered(&server, &authority));
    let more = brokered.0.saturating_sub(bare.0);
    report.row(
        "a request over HTTPS by a skill, warm connection, records in memory",
        time(brokered.0),
        format!("bare hyper and rustls {}", time(bare.0)),
        format!("+ {}", time(more)),
        ("+ <= 150 µs", more <= Duration::from_micros(150)),
    );
    let share = bare.1.as_secs_f64() / brokered.1.as_secs_f64();
    let rate = |took: Duration| format!("{:.0} MB/s", MUCH as f64 / 1e6 / took.as_secs_f64());
    report.row(
        "100 MiB of a response streamed to a skill",
        rate(brokered.1),
        format!("bare hyper and rustls {}", rate(bare.1)),
        format!("{:.0} %", share * 100.0),
        (">= 70 %", share >= 0.7),
    );
}

/// One connection, and nothing round it.
struct Bare {
    sender: SendRequest<Empty<Bytes>>,
    base: String,
}

impl Bare {
    async fn connect(server: &Server, authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.pem.as_bytes()).expect("a certificate");
        roots.add(root).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = tokio::net::TcpStream::connect(server.address).await;
        let stream = stream.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await;
        let stream = TokioIo::new(stream.expect("TLS"));
        let (sender, connection) = handshake(TokioExecutor::new(), stream)
            .await
            .expect("HTTP/2");
        tokio::spawn(connection);
        let base = format!("https://localhost:{}", server.port());
        Self { sender, base }
    }

    async fn time(&mut self, path: &str, times: u32) -> Duration {
        let start = Instant::now();
        for _ in 0..times {
            let request = Request::get(format!("{}{path}", self.base)).body(Empty::new());
            let answer = self.sender.send_request(request.expect("a request")).await;
            let mut body = answer.expect("an answer").into_body();
            while let Some(frame) = body.frame().await {
                frame.expect("more of it");
            }
        }
        start.elapsed()
    }
}

/// The time of one of many requests within a call, and of one that streams much.
async fn brokered(server: &Server, authority: &Authority) -> (Duration, Duration) {
    let home = Home::trusting_in(Path::new(MEMORY), &["guests"]);
    home.with_granted_guest("raw-http", &grant(server, authority));
    let look = |times: u32, path: &str| {
        json!({ "times": times, "request": {
            "method": "GET", "scheme": "https", "authority": format!("localhost:{}", server.port()),
            "path": path, "headers": [], "body": "",
        }})
    };
    // Compiles it: our own program is no compiler.
    home.call("raw-http_send", &look(1, "/x")).ok();
    home.stop();
    let place = Place::at(&home.home());
    let alone = Lock::take(&place.owner_lock()).expect("the owner's lock");
    let owner = Owner::open(place, &alone).expect("an owner");
    let call = |arguments: Json| {
        let owner = owner.clone();
        let calling = tokio::spawn(async move {
            let caller = Caller::local(0);
            let answer = owner.call(
                &caller,
                "raw-http_send",
                arguments,
                CancellationToken::new(),
            );
            answer.await.expect("a tool").result.expect("an answer");
        });
        async move {
            let start = Instant::now();
            calling.await.expect("a call");
            start.elapsed()
        }
    };
    call(look(50, "/x")).await;
    let one = call(look(1, "/x")).await;
    let many = call(look(REQUESTS + 1, "/x")).await.saturating_sub(one) / REQUESTS;
    (many, call(look(1, &format!("/bytes?{MUCH}"))).await)
}

fn grant(server: &Server, authority: &Authority) -> String {
    let (address, pem) = (server.address, &authority.pem);
    format!(
        "[http.target]\nurl = \"https://localhost:{port}\"\nprivate = [\"{address}\"]\nroots = '''\n{pem}'''\n\
         limits = {{ requests = 2000, received = \"200 MiB\", time = \"5m\" }}\n",
        port = server.port(),
    )
}
