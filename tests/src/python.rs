//! Programs that come as Python packages, pinned by hash.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

use crate::say::text;
use crate::wasm;

/// A program of an environment with exactly the pinned packages, made once; or why this machine has no Python to
/// make it with.
///
/// # Errors
/// Why a test that needs it is skipped.
pub fn program(name: &str) -> Result<PathBuf, String> {
    let source = wasm::root().join("tests/python/requirements.txt");
    let environment = wasm::root().join("target/python");
    let python = environment.join("bin/python");
    let mark = environment.join("requirements.txt");
    let wanted = std::fs::read(&source).expect("the requirements");
    let lock = File::create(wasm::root().join("target/python.lock")).expect("the lock's file");
    lock.lock().expect("the lock");
    if std::fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(environment.join("bin").join(name));
    }
    run("python3", &["-m", "venv", "--clear", text(&environment)])
        .map_err(|error| format!("this machine has no Python with venv and pip: {error}"))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        // One package says that it wants a newer Python than some machines have; its tests here show that it does not.
        "--ignore-requires-python",
    ];
    let requirements = ["--require-hashes", "--requirement", text(&source)];
    run(text(&python), &[pip.as_slice(), &requirements].concat())
        .map_err(|error| format!("the pinned Python packages can't be had: {error}"))?;
    std::fs::write(&mark, wanted).expect("the mark");
    Ok(environment.join("bin").join(name))
}

/// What a program prints, or what it says when it fails.
///
/// # Errors
/// When it can't be started or fails.
pub fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(words(&output.stdout));
    }
    Err(format!(
        "{program} {arguments:?}: {}",
        words(&output.stderr)
    ))
}
