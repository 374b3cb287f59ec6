//! A home whose skill has a credential, and a server that answers byte for byte as a test says.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use vouchsafe_tests::{Home, Run};

use super::dns::Dns;
use vouchsafe_tests::authority::Authority;

/// Random enough, and with characters that each encoding treats in its own way.
pub(crate) const TOKEN: &str = "tok/live+4Q7mXe1vZb9c~\"&<";

/// The skill's `auth` as most tests have it.
pub(crate) const BEARER: &str =
    "auth = { secret = 'bank-token', header = 'authorization', format = 'Bearer {}' }";

/// What is sent, in one write each.
pub(crate) type Parts = Vec<Vec<u8>>;

/// A server that speaks HTTP/1.1 over TLS as `bank.test`.
pub(crate) struct Parrot {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Vec<String>>>>,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
    runtime: Option<Runtime>,
}

impl Parrot {
    /// Answers the head of each request with `says`.
    pub(crate) fn new(
        authority: &Authority,
        says: impl Fn(&str) -> Parts + Send + Sync + 'static,
    ) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = authority.config(&["bank.test"], &["http/1.1"]);
        let (acceptor, says) = (TlsAcceptor::from(Arc::new(config)), Arc::new(says));
        let heard = Arc::<Mutex<Vec<Vec<String>>>>::default();
        let bodies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let (all, all_bodies) = (heard.clone(), bodies.clone());
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, says, heard) = (acceptor.clone(), says.clone(), all.clone());
                let bodies = all_bodies.clone();
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let connection = {
                        let mut heard = heard.lock().unwrap();
                        heard.push(Vec::new());
                        heard.len() - 1
                    };
                    let mut buffer = Vec::new();
                    loop {
                        while !buffer.ends_with(b"\r\n\r\n") {
                            buffer.push(stream.read_u8().await.ok()?);
                        }
                        let head = String::from_utf8(std::mem::take(&mut buffer)).unwrap();
                        heard.lock().unwrap()[connection].push(head.clone());
                        let length = header(&head, "content-length");
                        let length = length.map_or(0, |length| length.parse().unwrap());
                        let mut body = vec![0; length];
                        stream.read_exact(&mut body).await.ok()?;
                        bodies.lock().unwrap().push(body);
                        for part in says(&head) {
                            stream.write_all(&part).await.ok()?;
                            stream.flush().await.ok()?;
                            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                        }
                    }
                    #[expect(unreachable_code, reason = "gives the block its type")]
                    Some(())
                });
            }
        });
        Self {
            port,
            heard,
            bodies,
            runtime: Some(runtime),
        }
    }

    /// One that says `ok`.
    pub(crate) fn quiet(authority: &Authority) -> Self {
        Self::new(authority, |_| vec![whole("text/plain", b"ok")])
    }

    /// The heads that came, connection by connection.
    pub(crate) fn heard(&self) -> Vec<Vec<String>> {
        self.heard.lock().unwrap().clone()
    }

    /// The bodies that came, each as long as its head says.
    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }

    /// All heads.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heard().concat()
    }
}

impl Drop for Parrot {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// A response with a body.
pub(crate) fn whole(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The value of a header in a head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().skip(1);
    lines.find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// A home whose `raw-http` wants a credential at `target`.
pub(crate) struct House {
    pub(crate) home: Home,
    port: u16,
    _dns: Dns,
}

impl House {
    /// `declares` is the manifest's `auth` of `target`, `grants` the grant's.
    pub(crate) fn new(
        server: &Parrot,
        authority: &Authority,
        declares: &str,
        grants: &str,
    ) -> Self {
        Self::with_settings(server, authority, "", declares, grants)
    }

    /// `settings` is what `vouchsafe.toml` says.
    pub(crate) fn with_settings(
        server: &Parrot,
        authority: &Authority,
        settings: &str,
        declares: &str,
        grants: &str,
    ) -> Self {
        let dns = Dns::answering(&[("bank.test", &[&["127.0.0.1"]])]);
        let home = Home::trusting(&["guests"]);
        let way = format!("dns = [\"{}\"]\n", dns.address);
        std::fs::write(home.config("egress.toml"), way).unwrap();
        if !settings.is_empty() {
            std::fs::write(home.config("vouchsafe.toml"), settings).unwrap();
        }
        let house = Self {
            home,
            port: server.port,
            _dns: dns,
        };
        house.write_grant(authority, grants);
        let packed = house.packed(declares);
        house.home.sign(&packed);
        house.home.install(&packed).ok();
        house
    }

    /// As most tests have it, with the credential kept.
    pub(crate) fn usual(server: &Parrot, authority: &Authority) -> Self {
        let house = Self::new(
            server,
            authority,
            BEARER,
            "auth = { sealed = \"bank-token\" }",
        );
        house.set("bank-token", TOKEN).ok();
        house
    }

    fn packed(&self, declares: &str) -> std::path::PathBuf {
        let (original, source) = (
            vouchsafe_tests::wasm::guest_source("raw-http"),
            self.home.path("source"),
        );
        std::fs::create_dir_all(source.join("wit")).unwrap();
        std::fs::copy(original.join("wit/world.wit"), source.join("wit/world.wit")).unwrap();
        let manifest = std::fs::read_to_string(original.join("skill.toml")).unwrap();
        let manifest = manifest.replace("[http.target]\n", &format!("[http.target]\n{declares}\n"));
        std::fs::write(source.join("skill.toml"), manifest).unwrap();
        let packed = self.home.path("raw-http.wasm");
        let component = vouchsafe_tests::wasm::component("raw-http");
        self.home.pack(&source, &component, &packed).ok();
        packed
    }

    /// Another `auth` in the grant, applied.
    #[track_caller]
    pub(crate) fn grant(&self, authority: &Authority, grants: &str) {
        self.try_grant(authority, grants).ok();
    }

    pub(crate) fn try_grant(&self, authority: &Authority, grants: &str) -> Run {
        let path = self.home.config("grants/guests.raw-http.toml");
        let digest = std::fs::read_to_string(&path).unwrap();
        let digest = digest
            .lines()
            .find(|line| line.starts_with("digest"))
            .unwrap()
            .to_owned();
        self.write_grant(authority, grants);
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("digest"))
            .unwrap();
        std::fs::write(&path, text.replace(line, &digest)).unwrap();
        self.home.apply()
    }

    fn write_grant(&self, authority: &Authority, auth: &str) {
        let digest = format!("sha256:{}", "0".repeat(64)); // `install` writes the true one
        let port = self.port;
        let grant = format!(
            "skill = \"guests:raw-http\"\npublisher = \"publisher\"\ndigest = \"{digest}\"\n\n\
             [tools]\nsend = {{}}\nlook = {{}}\nupload = {{}}\nwhere-is = {{}}\n\n\
             [http.target]\nurl = \"https://bank.test:{port}/api\"\nprivate = [\"127.0.0.1:{port}\"]\n\
             roots = \"\"\"\n{}\"\"\"\n{auth}\n",
            authority.pem
        );
        std::fs::write(self.home.config("grants/guests.raw-http.toml"), grant).unwrap();
    }

    /// `secret set` with the value on standard input.
    pub(crate) fn set(&self, name: &str, value: &str) -> Run {
        self.set_with(&[name, "--passphrase-file", self.home.passphrase()], value)
    }

    pub(crate) fn set_with(&self, arguments: &[&str], value: &str) -> Run {
        let mut command = self.home.command(&["secret", "set"]);
        let command = command.args(arguments).stdin(Stdio::piped());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        drop(stdin.write_all(value.as_bytes())); // it may refuse before it reads
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A GET to `path` below the destination, with `headers`.
    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Json, String> {
        self.ask("GET", path, headers)
    }

    /// A request by any method.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Json, String> {
        let request = self.said(method, path, headers, "");
        self.heard("raw-http_look", &json!({ "request": request }))
    }

    /// A POST of `body` with `headers`.
    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Json, String> {
        let request = self.said("POST", path, headers, body);
        self.heard("raw-http_send", &json!({ "request": request, "times": 1 }))
    }

    /// A POST of so many bytes.
    pub(crate) fn upload(&self, path: &str, bytes: u64) -> Result<Json, String> {
        let request = self.said("POST", path, &[], "");
        let asked = json!({ "request": request, "bytes": bytes.to_string(), "trailers": false });
        self.heard("raw-http_upload", &asked)
    }

    fn said(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Json {
        json!({
            "method": method, "scheme": "https", "authority": format!("bank.test:{}", self.port),
            "path": path, "headers": headers, "body": body,
        })
    }

    fn heard(&self, tool: &str, asked: &Json) -> Result<Json, String> {
        let answer = self.home.call(tool, asked).json();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["output"].clone()),
        }
    }

    /// The last `count` records.
    pub(crate) fn records(&self, count: usize) -> Vec<Json> {
        self.home.records(count)
    }

    /// Everything that this home holds in files, the sealed file and the log among them.
    #[track_caller]
    pub(crate) fn holds_nowhere(&self, value: &str) {
        let mut folders = vec![self.home.home()];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(bytes) = std::fs::read(&path) {
                    files += 1;
                    let found = bytes
                        .windows(value.len())
                        .any(|window| window == value.as_bytes());
                    assert!(!found, "{}", path.display());
                }
            }
        }
        assert!(files > 10);
    }
}

/// What the skill hears of a refusal.
pub(crate) const DENIED: &str = "TOOL_ERROR: \"ErrorCode::HttpRequestDenied\"";
