//! A home that is served over the network, by the `vouchsafe` program, and requests to it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::Home;
use crate::mcp::Session;

/// A home that is served, until it is dropped.
pub struct Served {
    /// The home.
    pub home: Home,
    /// The port for agents.
    pub port: u16,
    /// The port for probes.
    pub probe: u16,
    server: Child,
}

/// What came back.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// Head and body as they came.
    pub text: String,
}

/// A certificate and its key, in PEM.
pub struct Papers {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Served {
    /// Serves `home`, with the lines `more` in its settings.
    pub fn start(home: Home, more: &str) -> Self {
        let (port, probe) = (free_port(), free_port());
        let settings =
            format!("listen = \"127.0.0.1:{port}\"\nprobe = \"127.0.0.1:{probe}\"\n{more}\n");
        std::fs::write(home.config("vouchsafe.toml"), settings).expect("the settings");
        home.apply().ok();
        let server = serve(&home);
        Self {
            home,
            port,
            probe,
            server,
        }
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Writes an agent and a role with `tools`, and applies both.
    pub fn agent(&self, name: &str, tools: &str) {
        let role =
            format!("role = \"of-{name}\"\nskills = [\"read\", \"execute\"]\ntools = {tools}\n");
        std::fs::write(self.home.config(&format!("roles/of-{name}.toml")), role).expect("a role");
        let role = format!("of-{name}");
        self.home.run(&["agent", "add", name, "--role", &role]).ok();
        self.home.apply().ok();
    }

    /// A file with a fresh invitation of `name`.
    pub fn invitation(&self, name: &str) -> PathBuf {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = self.home.path(&format!("invitation-{name}-{number}"));
        let invite = [
            "agent",
            "invite",
            name,
            "--output",
            file.to_str().expect("a path"),
        ];
        let proof = ["--passphrase-file", self.home.passphrase()];
        self.home.run(&[&invite[..], &proof].concat()).ok();
        file
    }

    /// `vouchsafe connect` as the agent `name`, with what `options` say.
    pub fn connect(&self, name: &str, options: &[&str]) -> Command {
        let state = self.state(name);
        let url = self.url();
        let place = ["connect", &url, "--state", state.to_str().expect("a path")];
        self.home.command(&[&place[..], options].concat())
    }

    /// A session as `name`, which was invited for it.
    pub async fn session(&self, name: &str) -> Session {
        let invitation = self.invitation(name);
        let invitation = invitation.to_str().expect("a path");
        Session::over(self.connect(name, &["--invitation", invitation])).await
    }

    /// Where `name` keeps its key and certificate.
    pub fn state(&self, name: &str) -> PathBuf {
        self.home.path(&format!("agent-{name}"))
    }

    /// What `name` has to show.
    pub fn papers(&self, name: &str) -> Papers {
        let kept = std::fs::read(self.state(name).join("agent.json")).expect("what it keeps");
        let kept: Json = serde_json::from_slice(&kept).expect("JSON");
        let text = |field: &str| {
            let text = kept.get(field).and_then(Json::as_str);
            text.expect("a text").to_owned()
        };
        Papers {
            certificate: text("certificate"),
            key: text("key"),
        }
    }

    /// Sends `request` as it stands, showing `papers`, and reads to the end.
    ///
    /// # Errors
    /// When the connection is not made, or breaks.
    pub async fn send(&self, papers: Option<&Papers>, request: &[u8]) -> std::io::Result<Answered> {
        self.send_from("127.0.0.1", papers, request).await
    }

    async fn send_from(
        &self,
        address: &str,
        papers: Option<&Papers>,
        request: &[u8],
    ) -> std::io::Result<Answered> {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(format!("{address}:0").parse().expect("an address"))?;
        let host = format!("127.0.0.1:{}", self.port);
        let stream = socket.connect(host.parse().expect("an address")).await?;
        let mut stream = tokio_rustls::TlsConnector::from(Arc::new(tls(papers)))
            .connect(ServerName::try_from("127.0.0.1").expect("a name"), stream)
            .await?;
        stream.write_all(request).await?;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
        let read = read.await.map_err(std::io::Error::other)?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.get(9..12).and_then(|status| status.parse().ok());
        match (status, read) {
            (Some(status), _) => Ok(Answered { status, text }),
            (None, read) => Err(read
                .err()
                .unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Posts `body` to `path` as JSON, with `headers` besides.
    ///
    /// # Errors
    /// As [`Served::send`].
    pub async fn post(
        &self,
        papers: Option<&Papers>,
        path: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Answered> {
        self.post_from("127.0.0.1", papers, path, headers, body)
            .await
    }

    /// The same, from another address of this machine.
    ///
    /// # Errors
    /// As [`Served::send`].
    pub async fn post_from(
        &self,
        address: &str,
        papers: Option<&Papers>,
        path: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Answered> {
        let (port, length) = (self.port, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
        );
        self.send_from(address, papers, request.as_bytes()).await
    }

    /// The server's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Ends the server where it runs, and starts it again.
    pub fn restart(&mut self) {
        if self.server.try_wait().expect("its state").is_none() {
            self.end();
        }
        self.server = serve(&self.home);
    }

    /// Ends the server as a supervisor would, and tells how.
    pub fn end(&mut self) -> std::process::ExitStatus {
        let id = self.server.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.expect("kill").success());
        self.server.wait().expect("its end")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn serve(home: &Home) -> Child {
    use std::io::BufRead as _;
    let log = std::fs::File::create(home.path("serve.log")).expect("a log");
    let mut command = home.command(&["serve"]);
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log);
    let mut server = command.spawn().expect("the server starts");
    let output = server.stdout.take().expect("its output");
    let mut line = String::new();
    std::io::BufReader::new(output)
        .read_line(&mut line)
        .expect("a line");
    let log = || std::fs::read_to_string(home.path("serve.log"));
    assert!(line.starts_with("serving https://"), "{line} {:?}", log());
    server
}

/// A port that nobody listened on a moment ago.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// TLS as a client that shows `papers`. Whoever the host is: these tests ask what it lets in.
///
/// # Panics
/// When `papers` are none.
#[must_use]
pub fn tls(papers: Option<&Papers>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions");
    let builder = builder.with_root_certificates(RootCertStore::empty());
    let mut config = match papers {
        None => builder.with_no_client_auth(),
        Some(papers) => {
            let certificate = CertificateDer::from_pem_slice(papers.certificate.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(papers.key.as_bytes());
            builder
                .with_client_auth_cert(
                    vec![certificate.expect("a certificate")],
                    key.expect("a key"),
                )
                .expect("papers")
        }
    };
    config
        .dangerous()
        .set_certificate_verifier(Arc::new(Anybody));
    config
}

/// Takes any server.
#[derive(Debug)]
struct Anybody;

impl rustls::client::danger::ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Waits until `is` says so, for 20 s at most.
#[track_caller]
pub fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
