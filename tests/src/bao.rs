//! A real OpenBao server on loopback.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::python;
use crate::say::text;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use tempfile::TempDir;

use crate::authority::Authority;
use crate::postgres::Postgres;

/// A server in development mode, and its program as a client of it.
pub struct Bao {
    program: PathBuf,
    server: Child,
    /// Where it listens, as a URL.
    pub address: String,
    token: String,
    /// What every command is about, if not the root.
    namespace: String,
    folder: TempDir,
}

/// What the server's first token is. It reads `/` in no path, so that nothing else could be it.
const ROOT: &str = "root-of-the-tests";

/// Says why a test does not run on this machine.
pub fn skipped(reason: &str) {
    println!("SKIPPED: {reason}");
}

/// A port that nobody listened on a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a server");
    listener.local_addr().expect("a server").port()
}

/// A certificate for `name` and its key, in PEM.
pub fn certified(
    authority: &Authority,
    name: &str,
    purpose: ExtendedKeyUsagePurpose,
) -> (String, String) {
    let key = KeyPair::generate().expect("a server");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a server");
    params.extended_key_usages = vec![purpose];
    let certificate = params.signed_by(&key, &authority.issuer).expect("a server");
    (certificate.pem(), key.serialize_pem())
}

impl Bao {
    /// Starts one, or says why this machine has none.
    pub fn start() -> Result<Self, String> {
        let program = python::program("bao")?;
        let folder = TempDir::new().expect("a server");
        let port = free_port();
        let bao = Self {
            server: Self::serve(&program, port),
            address: format!("http://127.0.0.1:{port}"),
            token: ROOT.to_owned(),
            namespace: String::new(),
            program,
            folder,
        };
        bao.wait_until(&[0]);
        bao.approle();
        Ok(bao)
    }

    /// Starts one that speaks TLS and asks for certificates, as in production.
    pub fn start_with_tls(authority: &Authority) -> Result<Self, String> {
        let program = python::program("bao")?;
        let folder = TempDir::new().expect("a server");
        let port = free_port();
        let path = |name: &str| folder.path().join(name);
        let (certificate, key) =
            certified(authority, "127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
        let files = [
            ("ca.pem", &authority.pem),
            ("server.pem", &certificate),
            ("server.key", &key),
        ];
        for (name, contents) in files {
            std::fs::write(path(name), contents).expect("a server");
        }
        let config = format!(
            "storage \"inmem\" {{}}\ndisable_mlock = true\napi_addr = \"https://127.0.0.1:{port}\"\n\
             listener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  tls_cert_file = {:?}\n  tls_key_file = {:?}\n  \
             tls_client_ca_file = {:?}\n}}\n",
            path("server.pem"),
            path("server.key"),
            path("ca.pem"),
        );
        std::fs::write(path("config.hcl"), config).expect("a server");
        let config = format!("-config={}", path("config.hcl").display());
        let mut bao = Self {
            server: Self::run(&program, &["server", &config]),
            address: format!("https://127.0.0.1:{port}"),
            token: String::new(),
            namespace: String::new(),
            program,
            folder,
        };
        bao.wait_until(&[2]); // sealed
        let init = bao.ok(&[
            "operator",
            "init",
            "-key-shares=1",
            "-key-threshold=1",
            "-format=json",
        ]);
        let init: serde_json::Value = serde_json::from_str(&init).expect("a server");
        bao.ok(&[
            "operator",
            "unseal",
            init.pointer("/unseal_keys_b64/0")
                .and_then(serde_json::Value::as_str)
                .expect("a server"),
        ]);
        bao.token = init
            .pointer("/root_token")
            .and_then(serde_json::Value::as_str)
            .expect("a server")
            .to_owned();
        bao.wait_until(&[0]);
        bao.policy();
        Ok(bao)
    }

    /// Goes into a new namespace, which has the role and a place for values of its own.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn enter(&mut self, namespace: &str) {
        self.ok(&["namespace", "create", namespace]);
        self.namespace = namespace.to_owned();
        self.ok(&["secrets", "enable", "-path=secret", "-version=2", "kv"]);
        self.approle();
    }

    fn serve(program: &Path, port: u16) -> Child {
        let root = format!("-dev-root-token-id={ROOT}");
        let address = format!("-dev-listen-address=127.0.0.1:{port}");
        Self::run(
            program,
            &["server", "-dev", "-dev-no-store-token", &root, &address],
        )
    }

    fn run(program: &Path, arguments: &[&str]) -> Child {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("a server")
    }

    /// Waits until `bao status` ends with one of `codes`.
    fn wait_until(&self, codes: &[i32]) {
        let begun = Instant::now();
        let code = || {
            self.command(&["status"])
                .output()
                .expect("a server")
                .status
                .code()
        };
        while !code().is_some_and(|code| codes.contains(&code)) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "bao is not ready"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A policy that lets this host read what stands under `secret/payments`, `secret/erp` and `database/creds`.
    fn policy(&self) {
        let policy = self.write(
            "policy.hcl",
            "path \"secret/data/payments/*\" { capabilities = [\"read\"] }\n\
             path \"secret/data/erp/*\" { capabilities = [\"read\"] }\n\
             path \"database/creds/*\" { capabilities = [\"read\"] }\n\
             path \"sys/leases/revoke\" { capabilities = [\"update\"] }\n",
        );
        self.ok(&["policy", "write", "vouchsafe", &policy]);
    }

    /// A role of this host with that policy.
    fn approle(&self) {
        self.policy();
        self.ok(&["auth", "enable", "approle"]);
        let role = "auth/approle/role/vouchsafe";
        self.ok(&["write", role, "token_policies=vouchsafe", "token_ttl=20s"]);
        self.ok(&["write", &format!("{role}/role-id"), "role_id=host-1"]);
        let id = self.ok(&[
            "write",
            "-f",
            "-field=secret_id",
            &format!("{role}/secret-id"),
        ]);
        self.write("secret-id", &id);
    }

    /// Has it make roles of `postgres`.
    pub fn database(&self, postgres: &Postgres) {
        self.ok(&["secrets", "enable", "database"]);
        let url = format!(
            "connection_url=postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/postgres?sslmode=disable",
            postgres.port
        );
        let config = [
            "write",
            "database/config/pg",
            "plugin_name=postgresql-database-plugin",
            "allowed_roles=*",
        ];
        self.ok(&[&config[..], &[&url, "username=postgres", "password=x"]].concat());
    }

    /// Has it make them at `database/creds/NAME`, each for so long and with what `granting` says beside its making.
    pub fn role(&self, name: &str, lasts: &str, granting: &str) {
        let made = format!(
            "creation_statements=CREATE ROLE \"{{{{name}}}}\" WITH LOGIN PASSWORD '{{{{password}}}}' VALID UNTIL '{{{{expiration}}}}'; {granting}"
        );
        let (role, lasts) = (
            format!("database/roles/{name}"),
            format!("default_ttl={lasts}"),
        );
        self.ok(&["write", &role, "db_name=pg", &made, &lasts, "max_ttl=24h"]);
    }

    /// What `vouchsafe.toml` says of it.
    pub fn settings(&self) -> String {
        let login = format!(
            "{{ approle = 'host-1', file = '{}' }}",
            self.path("secret-id")
        );
        self.settings_with(&login, "")
    }

    /// The same, signed in with `login`, and `more` below it.
    pub fn settings_with(&self, login: &str, more: &str) -> String {
        let address = &self.address;
        format!("[vault]\naddress = '{address}'\nlogin = {login}\n{more}\n")
    }

    /// Where a file beside the server is.
    pub fn path(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    /// Writes a file beside the server; its path.
    pub fn write(&self, name: &str, contents: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, contents).expect("a server");
        path
    }

    /// What stands in a file beside the server.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a server")
    }

    /// What `bao` prints as the first token's holder.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("a server");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).expect("a server")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("BAO_ADDR", &self.address)
            .env("BAO_TOKEN", &self.token)
            .env("BAO_NAMESPACE", &self.namespace)
            .env("HOME", self.folder.path());
        if self.address.starts_with("https") {
            command.env("BAO_CACERT", self.path("ca.pem"));
        }
        command
    }

    /// Ends the server.
    pub fn stop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        self.stop();
    }
}
