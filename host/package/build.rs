//! Hashes the source of this crate and the versions of what it is built with: a mark of what reading
//! a component gave holds for the reader that made it, and for no other.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads source and lays a file"
)]

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let (source, locked) = (here.join("src"), here.join("../../Cargo.lock"));
    let mut hasher = DefaultHasher::new();
    hash_all(&source, &mut hasher)?;
    fs::read(&locked)?.hash(&mut hasher);
    let reader = format!("{:016x}", hasher.finish());
    fs::write(PathBuf::from(variable("OUT_DIR")?).join("reader"), reader)?;
    for path in [here.join("build.rs"), source, locked] {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    Ok(())
}

/// In the order of names, which file systems don't keep. A mistake of the reader is what is noticed
/// here, not an attack: a mark is authenticated besides.
fn hash_all(directory: &Path, hasher: &mut DefaultHasher) -> Result<(), Box<dyn Error>> {
    let entries: Result<Vec<_>, _> = fs::read_dir(directory)?.collect();
    let mut entries = entries?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        entry.file_name().hash(hasher);
        match entry.file_type()?.is_dir() {
            true => hash_all(&entry.path(), hasher)?,
            false => fs::read(entry.path())?.hash(hasher),
        }
    }
    Ok(())
}

fn variable(name: &str) -> Result<std::ffi::OsString, Box<dyn Error>> {
    Ok(env::var_os(name).ok_or_else(|| format!("cargo sets {name}"))?)
}
