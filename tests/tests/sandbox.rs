//! Guests stay in their sandbox: limits end whatever they do, others notice nothing, and nothing but
//! what is granted goes in or out.
#![cfg(test)]

#[path = "sandbox/components.rs"]
mod components;
#[path = "sandbox/crowd.rs"]
mod crowd;
#[path = "sandbox/effects.rs"]
mod effects;
#[path = "sandbox/leaks.rs"]
mod leaks;
#[path = "sandbox/memory.rs"]
mod memory;
#[path = "sandbox/time.rs"]
mod time;
#[path = "sandbox/values.rs"]
mod values;
#[path = "sandbox/wire.rs"]
mod wire;

use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use vouchsafe_tests::Home;

/// A home with these guests installed.
fn with(guests: &[&str]) -> Home {
    let home = Home::trusting(&["guests"]);
    for guest in guests {
        home.with_guest(guest);
    }
    home
}

/// A skill written as one core module: functions of the world that take nothing.
struct Module<'a> {
    name: &'a str,
    /// Each with the WIT type that it answers.
    functions: &'a [(&'a str, &'a str)],
    limits: &'a str,
    body: &'a str,
}

impl Module<'_> {
    /// Packs, signs and installs it.
    fn install(&self, home: &Home) {
        let packed = self.pack(home);
        home.sign(&packed);
        home.install(&packed).ok();
    }

    fn pack(&self, home: &Home) -> PathBuf {
        let source = home.path(self.name);
        std::fs::create_dir_all(source.join("wit")).unwrap();
        let mut manifest = String::new();
        let mut wit = format!("package guests:{}@0.1.0;\n\nworld skill {{\n", self.name);
        for (function, ty) in self.functions {
            let _ = writeln!(manifest, "[tools.{function}]\neffect = \"read\"\n");
            let _ = writeln!(
                wit,
                "  /// Is called by tests.\n  export {function}: func() -> {ty};"
            );
        }
        let manifest = format!("{manifest}[limits]\n{}\n", self.limits);
        std::fs::write(source.join("skill.toml"), manifest).unwrap();
        std::fs::write(source.join("wit/world.wit"), wit + "}\n").unwrap();
        let component = source.join("component.wasm");
        std::fs::write(&component, self.component()).unwrap();
        let packed = home.path(&format!("{}.wasm", self.name));
        home.pack(&source, &component, &packed).ok();
        packed
    }

    fn component(&self) -> Vec<u8> {
        let mut lifted = String::new();
        for (function, ty) in self.functions {
            let memory = match *ty {
                "string" => "(memory (core memory $i \"memory\"))",
                _ => "",
            };
            let _ = write!(
                lifted,
                "(func (export \"{function}\") (result {ty}) (canon lift (core func $i \"{function}\") {memory}))"
            );
        }
        let body = self.body;
        let text = format!(
            "(component (core module $m {body}) (core instance $i (instantiate $m)) {lifted})"
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// What a call over the command line answered: its result, or its error.
#[track_caller]
fn call(home: &Home, tool: &str, arguments: &Json) -> Result<Json, String> {
    let answer = home.call(tool, arguments).json();
    match answer["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["output"]["result"].clone()),
    }
}

#[track_caller]
fn run(home: &Home, tool: &str) -> Result<Json, String> {
    call(home, tool, &json!({}))
}

/// The code that an error begins with.
fn code(answer: &Result<Json, String>) -> &str {
    match answer {
        Ok(_) => "OK",
        Err(error) => error.split(':').next().unwrap_or_default(),
    }
}
