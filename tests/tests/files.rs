//! Folders of the host: what a grant opens, what nobody gets out of, and how much goes in.
#![cfg(test)]

#[path = "files/granted.rs"]
mod granted;
#[path = "files/inside.rs"]
mod inside;
#[path = "files/room.rs"]
mod room;

use serde_json::{Value as Json, json};
use std::path::PathBuf;
use vouchsafe_tests::Home;

const GRANT: &str = "grants/guests.filer.toml";

/// A host with the filer, its `inbox` that it reads, and its `desk` of 10 kB and 10 entries.
struct Folders {
    home: Home,
}

impl Folders {
    fn new() -> Self {
        let home = Home::trusting(&["guests"]);
        for name in ["inbox", "desk", "beside"] {
            std::fs::create_dir(home.path(name)).unwrap();
        }
        let at = |name| home.path(name).display().to_string();
        let grant = format!(
            "[files.inbox]\npath = \"{}\"\n\n[files.desk]\npath = \"{}\"\naccess = \"write\"\nmax_bytes = 10000\nmax_files = 10\n",
            at("inbox"),
            at("desk")
        );
        home.with_granted_guest("filer", &grant);
        Self { home }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.home.path(path)
    }

    fn put(&self, path: &str, text: &str) {
        std::fs::write(self.at(path), text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap()
    }

    /// What a tool answered: its result, or its error.
    #[track_caller]
    fn ask(&self, tool: &str, arguments: Json) -> Result<Json, String> {
        let answer = self.home.call(&format!("filer_{tool}"), &arguments).json();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["output"]["result"].clone()),
        }
    }

    #[track_caller]
    fn read(&self, path: &str) -> Result<Json, String> {
        self.ask("read", json!({ "path": path }))
    }

    #[track_caller]
    fn write(&self, path: &str, text: &str) -> Result<Json, String> {
        self.ask("write", json!({ "path": path, "text": text }))
    }

    #[track_caller]
    fn regrant(&self, from: &str, to: &str) -> vouchsafe_tests::Run {
        let text = std::fs::read_to_string(self.home.config(GRANT)).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(self.home.config(GRANT), text.replace(from, to)).unwrap();
        self.home.apply()
    }

    /// Whether one of the last records is a refusal of `action` that says `detail`.
    #[track_caller]
    fn is_refused(&self, action: &str, detail: &str) {
        let records = self.home.records(6);
        let says = |record: &Json| {
            record["action"] == action
                && record["detail"]
                    .as_str()
                    .is_some_and(|it| it.contains(detail))
        };
        assert!(records.iter().any(says), "{detail}: {records:#?}");
    }
}
