//! Lays WASI's WIT, from the locked crate that ships it, and ours where `src/lib.rs` includes them.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a build script reads and lays files; an absent key of JSON is null"
)]

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The crate whose `wit/deps` folder has WASI 0.2, and its locked version (see `Cargo.toml`).
const SHIPS_WASI: (&str, &str) = ("wasip2", "=1.0.4");

const WASI: [&str; 7] = [
    "io",
    "clocks",
    "random",
    "filesystem",
    "sockets",
    "cli",
    "http",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let wasi = source_of(SHIPS_WASI, &out)?.join("wit").join("deps");
    for name in WASI {
        let file = format!("{name}.wit");
        copy(&wasi.join(&file), &out.join(format!("wasi-{file}")))?;
    }
    let ours = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../wit");
    fs::write(out.join("vouchsafe-skill.wit"), one_text(&ours)?)?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", ours.display());
    Ok(())
}

/// Where cargo unpacked a crate. A build script is not told, so it asks: a package with that one
/// dependency is resolved offline, which also holds for vendored and replaced registries.
fn source_of((name, version): (&str, &str), out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let asker = out.join("asker");
    fs::create_dir_all(asker.join("src"))?;
    fs::write(asker.join("src").join("lib.rs"), "")?;
    fs::write(
        asker.join("Cargo.toml"),
        format!(
            "[package]\nname = \"asker\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{name} = {{ version = \"{version}\", default-features = false }}\n"
        ),
    )?;
    let answer = Command::new(variable("CARGO")?)
        .args([
            "metadata",
            "--offline",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(asker.join("Cargo.toml"))
        .output()?;
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr);
        return Err(format!("cargo cannot tell where `{name}` is: {said}").into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&answer.stdout)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == name)
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or_else(|| format!("cargo knows no `{name}`"))?;
    Ok(Path::new(manifest)
        .parent()
        .unwrap_or(Path::new("/"))
        .to_owned())
}

/// All files of one package as one text, the one that names the package first.
fn one_text(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            texts.push((
                path.file_name().is_none_or(|name| name != "world.wit"),
                read(&path)?,
            ));
        }
    }
    texts.sort();
    Ok(texts
        .into_iter()
        .map(|(_, text)| text)
        .collect::<Vec<_>>()
        .join("\n"))
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(to, read(from)?)?)
}

fn read(path: &Path) -> Result<String, Box<dyn Error>> {
    fs::read_to_string(path)
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()).into())
}

fn variable(name: &str) -> Result<OsString, Box<dyn Error>> {
    env::var_os(name).ok_or_else(|| format!("cargo sets no `{name}`").into())
}
