//! Skills drawn with a few words, for tests of what is signed, granted and shown: no compiler is
//! needed to give a skill another name, version, tool or promise.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::Home;

/// A skill whose tools each answer one number.
#[derive(Clone)]
pub struct Sketch {
    /// Such as `acme:pay`.
    pub skill: String,
    /// Its version.
    pub version: String,
    /// Its tools.
    pub tools: Vec<Tool>,
    /// Lines after the tools in its manifest.
    pub manifest: String,
}

/// A tool that answers `answer`.
#[derive(Clone)]
pub struct Tool {
    /// In WIT.
    pub name: String,
    /// What it says of itself.
    pub words: String,
    /// As in the manifest.
    pub effect: String,
    /// Whether it takes one argument, `amount: u64`, which it does not look at.
    pub takes_amount: bool,
    /// What it answers.
    pub answer: u32,
}

impl Sketch {
    /// `skill` with one tool `sum`, which reads.
    pub fn new(skill: &str, version: &str, answer: u32) -> Self {
        Self {
            skill: skill.to_owned(),
            version: version.to_owned(),
            tools: vec![],
            manifest: String::new(),
        }
        .with("sum", "read", answer)
    }

    /// With a tool more.
    #[must_use]
    pub fn with(mut self, name: &str, effect: &str, answer: u32) -> Self {
        self.tools.push(Tool {
            name: name.to_owned(),
            words: format!("Gives the {name}."),
            effect: effect.to_owned(),
            takes_amount: false,
            answer,
        });
        self
    }

    /// With a tool more, which takes an `amount`.
    #[must_use]
    pub fn with_amount(self, name: &str, effect: &str, answer: u32) -> Self {
        let mut sketch = self.with(name, effect, answer);
        sketch.tools.last_mut().expect("a tool").takes_amount = true;
        sketch
    }

    /// With `words` about its first tool.
    #[must_use]
    pub fn saying(mut self, words: &str) -> Self {
        let tool = self.tools.first_mut().expect("a tool");
        words.clone_into(&mut tool.words);
        self
    }

    /// Packs it to `FILE.wasm` beside `home`.
    pub fn pack(&self, home: &Home, file: &str) -> PathBuf {
        let source = self.lay(home, file);
        let output = home.path(&format!("{file}.wasm"));
        home.pack(&source, &source.join("component.wasm"), &output)
            .ok();
        output
    }

    /// Packs and signs it with the publisher's key.
    pub fn sign(&self, home: &Home, file: &str) -> PathBuf {
        let packed = self.pack(home, file);
        home.sign(&packed);
        packed
    }

    /// Packs, signs and installs it.
    pub fn install(&self, home: &Home, file: &str) -> PathBuf {
        let packed = self.sign(home, file);
        home.install(&packed).ok();
        packed
    }

    /// Writes manifest, WIT and component to a directory of its own.
    pub fn lay(&self, home: &Home, file: &str) -> PathBuf {
        let source = home.path(&format!("{file}-source"));
        std::fs::create_dir_all(source.join("wit")).expect("a directory");
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(source.join(name), bytes).expect("a source file");
        };
        write("skill.toml", self.toml().as_bytes());
        write("wit/world.wit", self.wit().as_bytes());
        let component = wat::parse_str(self.wat()).expect("a component");
        write("component.wasm", &component);
        source
    }

    fn toml(&self) -> String {
        let mut text = String::new();
        for Tool { name, effect, .. } in &self.tools {
            let _ = writeln!(text, "[tools.{name}]\neffect = \"{effect}\"\n");
        }
        text + &self.manifest
    }

    fn wit(&self) -> String {
        let mut text = format!(
            "package {}@{};\n\ninterface numbers {{\n",
            self.skill, self.version
        );
        for tool in &self.tools {
            let Tool { name, words, .. } = tool;
            let takes = if tool.takes_amount { "amount: u64" } else { "" };
            let _ = writeln!(text, "  /// {words}\n  {name}: func({takes}) -> u32;");
        }
        text + "}\n\nworld skill {\n  export numbers;\n}\n"
    }

    fn wat(&self) -> String {
        let mut core = String::new();
        let (mut lifted, mut exported) = (String::new(), String::new());
        for tool in &self.tools {
            let Tool { name, answer, .. } = tool;
            let (inner, outer) = match tool.takes_amount {
                true => ("(param i64)", "(param \"amount\" u64)"),
                false => ("", ""),
            };
            let _ = write!(
                core,
                "(func (export \"{name}\") {inner} (result i32) i32.const {answer})"
            );
            let _ = write!(
                lifted,
                "(func ${name} {outer} (result u32) (canon lift (core func $i \"{name}\")))"
            );
            let _ = write!(exported, "(export \"{name}\" (func ${name}))");
        }
        let Self { skill, version, .. } = self;
        format!(
            "(component (core module $m {core}) (core instance $i (instantiate $m)) {lifted} \
             (instance $x {exported}) (export \"{skill}/numbers@{version}\" (instance $x)))"
        )
    }
}

impl Home {
    /// A second signing key, `NAME.key` and `NAME.pub`, trusted by nobody yet.
    pub fn new_key(&self, name: &str) -> PathBuf {
        let key = self.path(name);
        let key = key.to_str().expect("a Unicode path");
        self.run(&["key", "new", key, "--passphrase-file", self.passphrase()])
            .ok();
        self.path(&format!("{name}.key"))
    }

    /// Signs `file` with `key`.
    pub fn sign_with(&self, file: &Path, key: &Path) {
        let text = |path: &Path| path.to_str().expect("a Unicode path").to_owned();
        let (file, key) = (text(file), text(key));
        let passphrase = self.passphrase();
        self.run(&[
            "sign",
            &file,
            "--key",
            &key,
            "--passphrase-file",
            passphrase,
        ])
        .ok();
    }

    /// Runs `vouchsafe` with the operator's proof and without questions.
    pub fn prove(&self, arguments: &[&str]) -> crate::Run {
        let proof = ["--yes", "--passphrase-file", self.passphrase()];
        self.run(&[arguments, &proof].concat())
    }

    /// Ends the owner and waits until it is gone.
    pub fn stop(&self) {
        self.run(&["stop"]).ok();
        let lock = self.data("owner.lock");
        for _ in 0..2000 {
            // The lock file stays; what goes is the socket, before the lock is let go.
            if !self.data("owner.sock").exists() && is_free(&lock) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the owner did not end");
    }
}

pub(crate) fn is_free(lock: &Path) -> bool {
    std::fs::File::open(lock).is_ok_and(|file| file.try_lock().is_ok())
}
