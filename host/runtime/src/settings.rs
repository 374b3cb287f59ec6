//! What an operator may choose about running skills.

use std::path::PathBuf;
use std::time::Duration;

/// How the engine is set up. Everything that guards the host has a default here.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program that compiles, run as `PROGRAM __compile`: the `vouchsafe` binary itself.
    pub compiler: PathBuf,
    /// Where compiled code is kept; `None` compiles at each start.
    pub cache: Option<PathBuf>,
    /// Threads for guests, apart from those that answer people and agents.
    pub guest_threads: usize,
    /// Calls that run at once. Each may hold its memory limit, so this times that is what guests can take.
    pub slots: usize,
    /// Calls that may wait for a slot; more are refused as busy.
    pub queue: usize,
    /// How long one component may take to compile.
    pub compile_deadline: Duration,
}

impl Settings {
    /// The defaults, with `compiler` as the program that compiles.
    pub fn new(compiler: PathBuf) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            compiler,
            cache: None,
            guest_threads: cores,
            slots: 128,
            queue: 1024,
            compile_deadline: Duration::from_secs(60),
        }
    }
}
