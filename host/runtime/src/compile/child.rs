//! The compiling child: bounds itself, reads a component, writes machine code, ends.

use crate::engine::config;
use crate::error::CompileError;
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use std::io::{Read, Write};

/// The hidden verb under which the program compiles.
pub(crate) const VERB: &str = "__compile";

/// The largest component that is compiled; the reader of packages is stricter.
const COMPONENT_BYTES: u64 = 64 << 20;

/// Address space. Cranelift takes some 100 MiB for a component of 5 MiB; threads and arenas only reserve.
const ADDRESS_SPACE: u64 = 4 << 30;

/// Processor time of all threads together.
const CPU_SECONDS: u64 = 120;

/// Open files: its three pipes, and what its threads ask the system about itself.
const FILES: u64 = 64;

/// Reads a component from `stdin`, compiles it and writes the code to `stdout`, in a process that
/// first gives up what it does not need: memory, time, files, core dumps and new privileges. Call
/// this before anything else in the process.
///
/// # Errors
/// Why the component can't be compiled, for the parent to show.
pub fn compile_child_main(stdin: impl Read, mut stdout: impl Write) -> Result<(), CompileError> {
    bound().map_err(|error| refused(&error))?;
    let mut bytes = Vec::new();
    let read = stdin.take(COMPONENT_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| refused(&error))?;
    if bytes.len() as u64 > COMPONENT_BYTES {
        let why = format!("it is larger than {COMPONENT_BYTES} bytes");
        return Err(CompileError::Refused(why));
    }
    let code = wasmtime::Engine::new(&config())
        .and_then(|engine| engine.precompile_component(&bytes))
        .map_err(|error| CompileError::Refused(format!("{error:#}")))?;
    let written = stdout.write_all(&code).and_then(|()| stdout.flush());
    written.map_err(|error| refused(&error))
}

fn refused(error: &impl ToString) -> CompileError {
    CompileError::Refused(error.to_string())
}

fn bound() -> rustix::io::Result<()> {
    let limits = [
        (Resource::As, ADDRESS_SPACE),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nofile, FILES),
    ];
    for (resource, most) in limits {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        rustix::process::setrlimit(resource, limit)?;
    }
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)
}
