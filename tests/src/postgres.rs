//! A real PostgreSQL server on loopback.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::authority::Authority;
use crate::say::text;
use rcgen::ExtendedKeyUsagePurpose;
use tempfile::TempDir;

use crate::bao::{certified, free_port};

/// A server of its own, whose first role is `postgres`.
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    /// Where it listens.
    pub port: u16,
}

/// Who may come, and how.
const ACCESS: &str = "local all all trust\nhostnossl all all 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";

impl Postgres {
    /// Starts one, or says why this machine has none. It trusts whoever comes without TLS, which is for the tests, and who
    /// comes with TLS signs in.
    ///
    /// # Errors
    /// What this machine has not.
    pub fn start() -> Result<Self, String> {
        Self::start_for(&Authority::new())
    }

    /// The same, with a certificate of `authority` for 127.0.0.1.
    ///
    /// # Errors
    /// What this machine has not.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start_for(authority: &Authority) -> Result<Self, String> {
        let programs = programs().ok_or("this machine has no PostgreSQL server")?;
        let folder = TempDir::new().expect("a server");
        let server = Self {
            programs,
            folder,
            port: free_port(),
        };
        if is_root() {
            // The server refuses to be root.
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(server.folder.path())
                .status();
            owned
                .ok()
                .filter(|status| status.success())
                .ok_or("there is no user `postgres`")?;
        }
        let data = server.folder.path().join("data");
        server.ok(
            "initdb",
            &[
                "-D",
                text(&data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "--no-sync",
            ],
        );
        let (certificate, key) =
            certified(authority, "127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
        server.own("data/server.crt", &certificate);
        server.own("data/server.key", &key);
        server.own("data/pg_hba.conf", ACCESS);
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c fsync=off -c ssl=on -c unix_socket_directories={}",
            server.port,
            server.folder.path().display()
        );
        let log = server.folder.path().join("log");
        server.ok(
            "pg_ctl",
            &[
                "-D",
                text(&data),
                "-l",
                text(&log),
                "-w",
                "-o",
                &options,
                "start",
            ],
        );
        Ok(server)
    }

    /// Writes a file that the server alone reads.
    fn own(&self, name: &str, contents: &str) {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).expect("a server");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a server");
        if is_root() {
            let of = std::fs::metadata(self.folder.path()).expect("a server");
            let (user, group) = (of.uid(), of.gid());
            chown(&path, Some(user), Some(group)).expect("a server");
        }
    }

    /// What one query answers, as text.
    ///
    /// # Panics
    /// When the server refuses it.
    #[track_caller]
    pub fn query(&self, query: &str) -> String {
        let url = format!(
            "postgresql://postgres@127.0.0.1:{}/postgres?sslmode=disable",
            self.port
        );
        self.ok("psql", &["-X", "-A", "-t", "-c", query, &url])
            .trim()
            .to_owned()
    }

    #[track_caller]
    fn ok(&self, program: &str, arguments: &[&str]) -> String {
        let program = self.programs.join(program);
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("setpriv");
                command.args([
                    "--reuid=postgres",
                    "--regid=postgres",
                    "--clear-groups",
                    text(&program),
                ]);
                command
            }
            false => Command::new(program),
        };
        // Its output goes to a file: what `pg_ctl` starts would hold a pipe open.
        let out = self.folder.path().join("out");
        let output = std::fs::File::create(&out).expect("a server");
        let errors = output.try_clone().expect("a server");
        let status = command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdout(output)
            .stderr(errors)
            .status()
            .expect("a server");
        let said = std::fs::read_to_string(&out).expect("a server");
        assert!(status.success(), "{arguments:?}: {said}");
        said
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        self.ok("pg_ctl", &["-D", text(&data), "-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Debian keeps them apart by version; elsewhere they are on the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    let debian = versions.into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH")?;
    let has = |folder: &PathBuf| Path::new(folder).join("initdb").is_file();
    debian.chain(std::env::split_paths(&path)).find(has)
}
