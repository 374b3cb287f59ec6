//! Takes the SDK in, file by file, so that `vouchsafe new` can lay it beside a skill.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads and lays files"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What a skill's build reads of this repository, below its root.
const SDK: [&str; 5] = ["LICENSE", "sdk/macro", "sdk/rust", "sdk/wit", "wit"];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names no folder")?);
    let root = here.join("../..").canonicalize()?;
    let mut files = Vec::new();
    for name in SDK {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
        collect(&root.join(name), &mut files)?;
    }
    files.sort();
    let manifest = root.join("Cargo.toml");
    println!("cargo::rerun-if-changed={}", manifest.display());
    let workspace = workspace(&fs::read_to_string(manifest)?, &files)?;
    let mut list = format!("[\n(\"Cargo.toml\", {workspace:?}),\n");
    for file in &files {
        let name = file.strip_prefix(&root)?.display().to_string();
        list.push_str(&format!("({name:?}, include_str!({file:?})),\n"));
    }
    list.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no place to write")?);
    Ok(fs::write(out.join("sdk.rs"), list)?)
}

/// The manifest of a workspace of the SDK's crates alone: what they take from `whole`, without its profiles.
fn workspace(whole: &str, files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let mut taken = String::new();
    for file in files.iter().filter(|file| file.ends_with("Cargo.toml")) {
        taken.push_str(&fs::read_to_string(file)?);
    }
    let is_taken = |name: &str| {
        taken.contains(&format!("\n{name}.workspace"))
            || taken.contains(&format!("\n{name} = {{ workspace"))
    };
    let (mut out, mut section) = (String::new(), "");
    for line in whole
        .lines()
        .take_while(|line| !line.starts_with("[profile"))
    {
        if line.starts_with('[') {
            section = line;
        }
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        match (section, key) {
            _ if line.starts_with('#') => continue,
            ("[workspace]", "members") => {
                out.push_str("members = [\"sdk/macro\", \"sdk/rust\", \"sdk/wit\"]")
            }
            ("[workspace]", "exclude") => continue,
            ("[workspace.dependencies]", key) if line != section && !is_taken(key) => continue,
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out)
}

/// The files at and below `path`, without tests and hidden ones.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with('.') || name == "tests" || name == "target" {
        return Ok(());
    }
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
