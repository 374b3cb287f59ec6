//! A real PostgreSQL server on loopback.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use vouchsafe_tests::say::text;

use super::bao::free_port;

/// A server of its own, whose first role is `postgres`.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    pub(crate) port: u16,
}

impl Postgres {
    /// Starts one, or says why this machine has none.
    pub(crate) fn start() -> Result<Self, String> {
        let programs = programs().ok_or("this machine has no PostgreSQL server")?;
        let folder = TempDir::new().unwrap();
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
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c fsync=off -c unix_socket_directories={}",
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

    /// What one query answers, as text.
    #[track_caller]
    pub(crate) fn query(&self, query: &str) -> String {
        let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port);
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
        let output = std::fs::File::create(&out).unwrap();
        let errors = output.try_clone().unwrap();
        let status = command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdout(output)
            .stderr(errors)
            .status()
            .unwrap();
        let said = std::fs::read_to_string(&out).unwrap();
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
    use std::os::unix::fs::MetadataExt as _;
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
