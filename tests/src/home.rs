//! A throw-away installation, driven through the `vouchsafe` program as a person would.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::sketch::is_free;

/// A home of its own in a temporary directory; its owner process is stopped when it is dropped.
pub struct Home {
    directory: TempDir,
    passphrase: String,
}

/// What one command did.
pub struct Run {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained.
    pub stderr: String,
}

impl Run {
    /// Fails the test unless the command succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.code(0)
    }

    /// Fails the test unless the command ended with `code`.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

impl Home {
    /// An empty directory; `init` has not been run.
    pub fn empty() -> Self {
        Self::empty_in(&std::env::temp_dir())
    }

    /// As [`Home::empty`], below `base`.
    pub fn empty_in(base: &Path) -> Self {
        let directory = tempfile::tempdir_in(base).expect("a temporary directory");
        let passphrase = directory.path().join("passphrase");
        std::fs::write(&passphrase, "correct horse\n").expect("the passphrase file");
        Self {
            passphrase: text(&passphrase).to_owned(),
            directory,
        }
    }

    /// An initialised home with a publisher key `publisher.key`, trusted for `namespaces`.
    pub fn trusting(namespaces: &[&str]) -> Self {
        Self::trusting_in(&std::env::temp_dir(), namespaces)
    }

    /// As [`Home::trusting`], below `base`.
    pub fn trusting_in(base: &Path, namespaces: &[&str]) -> Self {
        let home = Self::empty_in(base);
        home.run(&["init", "--passphrase-file", home.passphrase()])
            .ok();
        let key = home.path("publisher");
        home.run(&[
            "key",
            "new",
            text(&key),
            "--passphrase-file",
            home.passphrase(),
        ])
        .ok();
        home.write_trust("publisher", namespaces);
        home.apply().ok();
        home
    }

    /// Writes `trust.toml` with one publisher whose key is in `NAME.pub`.
    pub fn write_trust(&self, name: &str, namespaces: &[&str]) {
        let key = std::fs::read_to_string(self.path(&format!("{name}.pub"))).expect("the key");
        let trust = format!(
            "[publishers.{name}]\nnamespaces = {namespaces:?}\nkey = \"\"\"\n{key}\"\"\"\ntransparency = \"none\"\n"
        );
        std::fs::write(self.config("trust.toml"), trust).expect("trust.toml");
    }

    /// Applies the files in the configuration directory with the operator's proof.
    pub fn apply(&self) -> Run {
        self.run(&["apply", "--yes", "--passphrase-file", self.passphrase()])
    }

    /// Puts other bytes that mean the same into force: the next statement.
    pub fn apply_anew(&self) -> Run {
        let trust = self.config("trust.toml");
        let text = std::fs::read_to_string(&trust).expect("trust.toml");
        std::fs::write(trust, format!("{text}\n")).expect("trust.toml");
        self.apply()
    }

    /// Signs `file` with the publisher's key.
    pub fn sign(&self, file: &Path) {
        let key = self.path("publisher.key");
        let passphrase = self.passphrase();
        self.run(&[
            "sign",
            text(file),
            "--key",
            text(&key),
            "--passphrase-file",
            passphrase,
        ])
        .ok();
    }

    /// Installs `file` with the operator's proof.
    pub fn install(&self, file: &Path) -> Run {
        self.run(&[
            "install",
            text(file),
            "--yes",
            "--passphrase-file",
            self.passphrase(),
        ])
    }

    /// Packs, signs and installs the guest `name`; gives the packed file.
    pub fn with_guest(&self, name: &str) -> PathBuf {
        let packed = self.pack_guest(name);
        self.sign(&packed);
        self.install(&packed).ok();
        packed
    }

    /// As [`Home::with_guest`], with lines of its own under `[limits]` of its manifest.
    pub fn with_limited_guest(&self, name: &str, limits: &str) -> PathBuf {
        let (original, source) = (crate::wasm::guest_source(name), self.path("limited"));
        let manifest = std::fs::read_to_string(original.join("skill.toml")).expect("its manifest");
        let world = std::fs::read(original.join("wit/world.wit")).expect("its WIT");
        std::fs::create_dir_all(source.join("wit")).expect("a directory");
        std::fs::write(source.join("wit/world.wit"), world).expect("a copy");
        let manifest = format!("{manifest}\n[limits]\n{limits}\n");
        std::fs::write(source.join("skill.toml"), manifest).expect("a manifest");
        let packed = self.path(&format!("{name}.wasm"));
        self.pack(&source, &crate::wasm::component(name), &packed)
            .ok();
        self.sign(&packed);
        self.install(&packed).ok();
        packed
    }

    /// As [`Home::with_guest`], under a grant of all its tools with `http` after them.
    pub fn with_granted_guest(&self, name: &str, http: &str) -> PathBuf {
        let manifest = crate::wasm::guest_source(name).join("skill.toml");
        let manifest = std::fs::read_to_string(manifest).expect("its manifest");
        let names = manifest
            .lines()
            .filter_map(|line| line.strip_prefix("[tools.")?.strip_suffix(']'));
        let tools: String = names.map(|name| format!("{name} = {{}}\n")).collect();
        let digest = format!("sha256:{}", "0".repeat(64)); // `install` writes the true one
        let grant = format!(
            "skill = \"guests:{name}\"\npublisher = \"publisher\"\ndigest = \"{digest}\"\n\n[tools]\n{tools}\n{http}\n"
        );
        std::fs::write(self.config(&format!("grants/guests.{name}.toml")), grant).expect("a grant");
        let packed = self.pack_guest(name);
        self.sign(&packed);
        self.install(&packed).ok();
        packed
    }

    /// `secret set` with `value` on standard input.
    ///
    /// # Panics
    /// When it is refused.
    pub fn keep(&self, name: &str, value: &str) {
        use std::io::Write as _;
        let set = ["secret", "set", name, "--yes", "--passphrase-file"];
        let mut command = self.command(&[&set[..], &[self.passphrase()]].concat());
        let command = command.stdin(Stdio::piped());
        let mut child = command.spawn().expect("a command");
        let mut input = child.stdin.take().expect("its input");
        input.write_all(value.as_bytes()).expect("its input");
        drop(input);
        assert!(child.wait().expect("its end").success());
    }

    /// Stops the owner, and waits until its log is closed and published.
    ///
    /// # Panics
    /// When it does not end.
    pub fn end_owner(&self) {
        self.stop();
        let lock = self.data("audit").join("lock");
        let begun = Instant::now();
        // The log lets go of it when all is published.
        while lock.exists() && !is_free(&lock) {
            assert!(begun.elapsed() < Duration::from_secs(20), "it goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The newest records of the log, oldest first.
    pub fn records(&self, limit: usize) -> Vec<Json> {
        let limit = limit.to_string();
        let shown = self.run(&["audit", "show", "--json", "--limit", &limit]);
        shown.ok().json().as_array().cloned().expect("a list")
    }

    /// Packs the guest `name` into this home's directory.
    pub fn pack_guest(&self, name: &str) -> PathBuf {
        let packed = self.path(&format!("{name}.wasm"));
        self.pack(
            &crate::wasm::guest_source(name),
            &crate::wasm::component(name),
            &packed,
        )
        .ok();
        packed
    }

    /// Packs `component` with the manifest and WIT in `source`.
    pub fn pack(&self, source: &Path, component: &Path, output: &Path) -> Run {
        let (manifest, wit) = (source.join("skill.toml"), source.join("wit"));
        self.run(&[
            "pack",
            text(component),
            "--manifest",
            text(&manifest),
            "--wit",
            text(&wit),
            "--output",
            text(output),
        ])
    }

    /// Calls a tool with arguments given as one JSON object.
    pub fn call(&self, tool: &str, arguments: &Json) -> Run {
        let input = tempfile::NamedTempFile::new_in(self.path(".")).expect("an input file");
        std::fs::write(input.path(), arguments.to_string()).expect("the input file");
        let input = input.path();
        self.run(&["call", tool, "--input", text(input), "--json"])
    }

    /// Calls `tool` until its code is there: a call waits for that until its deadline, and no longer.
    #[track_caller]
    pub fn warm(&self, tool: &str, arguments: &Json) {
        for _ in 0..200 {
            self.call(tool, arguments);
            let last = self.records(1).pop().unwrap_or_default();
            if last.get("kind").is_some_and(|kind| kind == "outcome") {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("`{tool}` is not compiled");
    }

    /// Runs `vouchsafe` with `--home` and `arguments`, without a terminal.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self
            .command(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("vouchsafe starts");
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The command that [`Home::run`] runs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.arg("--home").arg(self.home()).args(arguments);
        command
    }

    /// What `--home` names.
    pub fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// A path beside the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A path in the configuration directory.
    pub fn config(&self, name: &str) -> PathBuf {
        self.home().join("config").join(name)
    }

    /// A path in the data directory.
    pub fn data(&self, name: &str) -> PathBuf {
        self.home().join("data").join(name)
    }

    /// The file with the passphrase of every key here.
    pub fn passphrase(&self) -> &str {
        &self.passphrase
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(self.command(&["stop"]).stdin(Stdio::null()).output());
    }
}

/// The `vouchsafe` program beside the running test.
pub fn program() -> PathBuf {
    let here = std::env::current_exe().expect("the test's own path");
    let mut directory = here.parent().expect("a directory");
    if directory.ends_with("deps") {
        directory = directory.parent().expect("a directory");
    }
    let program = directory.join("vouchsafe");
    assert!(program.is_file(), "build it first: `cargo xtask test` does");
    program
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a Unicode path")
}
