//! What an operator may choose about running skills.

use std::path::PathBuf;
use std::time::Duration;

/// Some 90 calls with the memory that a skill gets unless it asks for more. Most use a small part.
const MEMORY_MIB: u32 = 6 << 10;

/// How the engine is set up. Everything that guards the host has a default here.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program that compiles, run as `PROGRAM __compile`: the `vouchsafe` binary itself.
    pub compiler: PathBuf,
    /// Where compiled code is kept; `None` compiles at each start.
    pub cache: Option<PathBuf>,
    /// Threads for guests, apart from those that answer people and agents.
    pub guest_threads: usize,
    /// Calls that run at once.
    pub slots: usize,
    /// What the memory limits of the calls that run at once may come to, in MiB. More calls wait.
    pub memory_mib: u32,
    /// Calls that may wait for a slot and for memory; more are refused as busy.
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
            memory_mib: MEMORY_MIB,
            queue: 1024,
            compile_deadline: Duration::from_secs(60),
        }
    }
}
