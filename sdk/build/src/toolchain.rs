//! The ways to a toolchain, in the order in which they are tried.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::source::FromSource;
use crate::{BuildError, TARGET, system};

/// How long `rustup target add` may take; its download is about 20 MB.
const ADDING: Duration = Duration::from_secs(90);

/// How the standard library for skills comes about on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It was there.
    Installed,
    /// `rustup target add` fetched it.
    Added,
    /// It is compiled from its source, once for each target directory.
    FromSource,
}

/// What compiles skills here.
#[derive(Debug)]
pub struct Toolchain {
    way: Way,
    source: Option<FromSource>,
}

impl Toolchain {
    /// Finds a toolchain, or makes one, trying the ways in the order of [`Way`]; `say` is told
    /// which it took and what takes long.
    ///
    /// # Errors
    /// [`BuildError::NoToolchain`] names the command that would help.
    pub fn find(say: &mut dyn FnMut(&str)) -> Result<Self, BuildError> {
        let mut tried = Vec::new();
        Self::installed(say)
            .or_else(|| keep(&mut tried, Self::added(say)))
            .or_else(|| keep(&mut tried, Self::from_source(say)))
            .ok_or_else(|| BuildError::NoToolchain {
                tried: tried.join("; "),
            })
    }

    /// The first way alone: the target is installed beside the machine's rustc.
    pub fn installed(say: &mut dyn FnMut(&str)) -> Option<Self> {
        has_target().then(|| {
            say("skills are compiled with the installed target `wasm32-wasip2`");
            Self {
                way: Way::Installed,
                source: None,
            }
        })
    }

    /// The second way alone: rustup adds the target.
    ///
    /// # Errors
    /// The reason, in a phrase.
    pub fn added(say: &mut dyn FnMut(&str)) -> Result<Self, String> {
        system::find_program("rustup").ok_or("no rustup")?;
        let mut add = system::command("rustup");
        add.args(["target", "add", TARGET])
            .env("RUSTUP_MAX_RETRIES", "0");
        let output = system::run_within(&mut add, ADDING).map_err(|error| error.to_string())?;
        if !output.status.success() || !has_target() {
            return Err("rustup could not add the target".to_owned());
        }
        say("skills are compiled with the target `wasm32-wasip2`, which rustup added now");
        Ok(Self {
            way: Way::Added,
            source: None,
        })
    }

    /// The third way alone: the standard library is compiled from source.
    ///
    /// # Errors
    /// The reason, in a phrase.
    pub fn from_source(say: &mut dyn FnMut(&str)) -> Result<Self, String> {
        let source = FromSource::find_or_install(say)?;
        say(&format!(
            "skills are compiled with `{}` and its standard library from source (once, about a minute)",
            source.rustc().display()
        ));
        Ok(Self {
            way: Way::FromSource,
            source: Some(source),
        })
    }

    /// Which way it took.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// `cargo build` for the target, without a crate named yet.
    pub(crate) fn cargo_build(&self) -> Command {
        let mut cargo = system::command("cargo");
        let mut flags = remap("CARGO_HOME", ".cargo", "/cargo");
        cargo.args(["build", "--target", TARGET]);
        if let Some(source) = &self.source {
            flags.extend(source.apply(&mut cargo));
        }
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        cargo
    }
}

/// Flags that keep a folder of the building machine's out of the component.
fn remap(variable: &str, in_home: &str, name: &str) -> Vec<String> {
    let default = || system::path_variable("HOME").map(|home| home.join(in_home));
    let folder: Option<PathBuf> = system::path_variable(variable).or_else(default);
    let flag = |folder: PathBuf| format!("--remap-path-prefix={}={name}", folder.display());
    folder.map(flag).into_iter().collect()
}

fn has_target() -> bool {
    let mut ask = system::command("rustc");
    ask.args(["--print", "target-libdir", "--target", TARGET]);
    system::first_line(&mut ask).is_some_and(|folder| Path::new(&folder).is_dir())
}

fn keep(tried: &mut Vec<String>, result: Result<Toolchain, String>) -> Option<Toolchain> {
    result.map_err(|reason| tried.push(reason)).ok()
}
