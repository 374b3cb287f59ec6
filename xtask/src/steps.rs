//! Named steps with their minutes, so that a slow run says where its time went.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What was run so far.
pub(crate) struct Steps {
    done: Vec<(String, Duration, bool)>,
    start: Instant,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self {
            done: Vec::new(),
            start: Instant::now(),
        }
    }

    /// Runs `command` as the step `name`; its output goes where ours goes.
    ///
    /// # Errors
    /// When it can't be started or fails.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> Result<()> {
        self.step(name, || {
            let status = command
                .status()
                .with_context(|| format!("cannot start {}", command.get_program().display()))?;
            if status.success() {
                Ok(())
            } else {
                bail!("`{name}` failed ({status})")
            }
        })
    }

    /// Runs `work` as the step `name`.
    ///
    /// # Errors
    /// What `work` says.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("==> {name}");
        let begun = Instant::now();
        let outcome = work();
        self.done
            .push((name.to_owned(), begun.elapsed(), outcome.is_ok()));
        outcome
    }

    /// Prints each step with its minutes.
    pub(crate) fn summary(&self) {
        eprintln!();
        for (name, took, ok) in &self.done {
            let mark = if *ok { "ok    " } else { "FAILED" };
            eprintln!("{mark} {:>6.1} min  {name}", minutes(*took));
        }
        eprintln!("       {:>6.1} min  in all", minutes(self.start.elapsed()));
    }
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

/// The cargo that runs us, in the workspace's root, without our own package's variables.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let cargo_package = name.to_string_lossy().starts_with("CARGO_PKG_")
            || name == "CARGO_MANIFEST_DIR"
            || name == "CARGO_MANIFEST_PATH";
        if cargo_package {
            command.env_remove(name);
        }
    }
    command
}

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// A program that the release build made, where cargo puts it.
pub(crate) fn built(program: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root().join("target"), PathBuf::from);
    target.join("release").join(program)
}

/// Whether a program of this name is on the path.
pub(crate) fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
