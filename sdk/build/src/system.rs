//! The machine that builds: programs, who we are, what the system is.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::BuildError;

/// Variables of an outer cargo or its caller that would change what an inner one makes.
const FOREIGN: [&str; 10] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
];

/// A program of the machine's, with the environment less what would leak from an outer build.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "a build tool runs compilers, with the caller's environment"
    )]
    let mut command = Command::new(program);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
}

/// The first line that a program prints; `None` when it is absent or fails.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

/// Runs a program for at most `limit`, with nothing on its standard input; its output is kept.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<Output, BuildError> {
    let failed = |program: String| move |source| BuildError::Run { program, source };
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed(program.clone()))?;
    let end = Instant::now() + limit;
    while child.try_wait().map_err(failed(program.clone()))?.is_none() {
        if Instant::now() >= end {
            child.kill().map_err(failed(program.clone()))?;
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().map_err(failed(program))
}

/// The value of an environment variable, as a path.
pub(crate) fn path_variable(name: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a build tool follows the caller's environment"
    )]
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// `PATH` with folders put before it.
pub(crate) fn path_with(first: &[PathBuf]) -> std::ffi::OsString {
    let rest = path_variable("PATH").unwrap_or_default();
    let all = first.iter().cloned().chain(std::env::split_paths(&rest));
    std::env::join_paths(all).unwrap_or_else(|_| rest.clone().into_os_string())
}

/// Where a program on `PATH` is.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = path_variable("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether we may install packages of Debian 12's without asking anybody.
pub(crate) fn is_debian_12_as_root() -> bool {
    let root = first_line(command("id").arg("-u")).as_deref() == Some("0");
    root && find_program("apt-get").is_some() && is_debian_12(&os_release())
}

fn os_release() -> String {
    #[expect(clippy::disallowed_methods, reason = "names the operating system")]
    std::fs::read_to_string(Path::new("/etc/os-release")).unwrap_or_default()
}

fn is_debian_12(os_release: &str) -> bool {
    let says = |line: &str| os_release.lines().any(|found| found.trim() == line);
    says("ID=debian") && (says("VERSION_ID=\"12\"") || says("VERSION_ID=12"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debian_12_is_debian_12() {
        assert!(is_debian_12(
            "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"
        ));
        assert!(!is_debian_12("VERSION_ID=\"13\"\nID=debian\n"));
        assert!(!is_debian_12(
            "VERSION_ID=\"12\"\nID=other\nID_LIKE=debian\n"
        ));
        assert!(!is_debian_12(""));
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let before = Instant::now();
        let output = run_within(command("sleep").arg("60"), Duration::from_millis(100)).unwrap();
        assert!(!output.status.success());
        assert!(before.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn an_outer_builds_flags_do_not_leak() {
        let command = command("cargo");
        let removed: Vec<_> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .collect();
        assert_eq!(removed.len(), FOREIGN.len());
    }
}
