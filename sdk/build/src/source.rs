//! The way that needs no download of a target: the standard library compiled from its source.
//!
//! It takes a rustc with its `rust-src`, the C library of WASI, and the two linkers that rustup's
//! toolchains have beside their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::system;

const PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "wasi-libc"];
const DEBIANS_RUSTC: &str = "/usr/bin/rustc";
const DEBIANS_LIBC: &str = "/usr/lib/wasm32-wasi";
const LINKERS: [&str; 2] = ["rust-lld", "wasm-component-ld"];

/// All that the third way needs, found.
#[derive(Debug)]
pub(crate) struct FromSource {
    rustc: PathBuf,
    sysroot: PathBuf,
    libc: PathBuf,
    linkers: Vec<PathBuf>,
}

impl FromSource {
    /// Finds it; on Debian 12, as root, installs what is missing.
    pub(crate) fn find_or_install(say: &mut dyn FnMut(&str)) -> Result<Self, String> {
        Self::find().or_else(|missing| {
            if !system::is_debian_12_as_root() {
                return Err(missing);
            }
            say(&format!(
                "installing {} (about half a minute)",
                PACKAGES.join(", ")
            ));
            install()?;
            Self::find()
        })
    }

    fn find() -> Result<Self, String> {
        let (rustc, sysroot) = ["rustc", DEBIANS_RUSTC]
            .into_iter()
            .find_map(with_source)
            .ok_or("no rustc has its `rust-src`")?;
        let libc = libc().ok_or("no C library for WASI (`wasi-libc`)")?;
        let linkers = linkers(&sysroot).ok_or("no `rust-lld` with `wasm-component-ld`")?;
        Ok(Self {
            rustc,
            sysroot,
            libc,
            linkers,
        })
    }

    pub(crate) fn rustc(&self) -> &Path {
        &self.rustc
    }

    /// Sets a `cargo build` up for it; returns flags for rustc.
    pub(crate) fn apply(&self, cargo: &mut Command) -> Vec<String> {
        cargo
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", &self.rustc)
            .env("PATH", system::path_with(&self.linkers));
        vec![
            format!("-Lnative={}", self.libc.display()),
            format!("--remap-path-prefix={}=/rustc", self.sysroot.display()),
        ]
    }
}

/// The rustc `program` and its sysroot, if its standard library's source is there.
fn with_source(program: &str) -> Option<(PathBuf, PathBuf)> {
    let sysroot = sysroot(program)?;
    let source = sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml");
    source.is_file().then(|| (PathBuf::from(program), sysroot))
}

fn sysroot(program: &str) -> Option<PathBuf> {
    system::first_line(system::command(program).args(["--print", "sysroot"])).map(PathBuf::from)
}

/// The folder with `libc.a`: Debian's, or that of the WASI SDK that `WASI_SDK_PATH` names.
fn libc() -> Option<PathBuf> {
    let sdk = system::path_variable("WASI_SDK_PATH");
    let in_sdk = sdk.map(|sdk| sdk.join("share/wasi-sysroot/lib/wasm32-wasip2"));
    let all = in_sdk.into_iter().chain([PathBuf::from(DEBIANS_LIBC)]);
    all.into_iter()
        .find(|folder| folder.join("libc.a").is_file())
}

/// Folders to put on `PATH` so that both linkers are found; Debian's rustc brings neither.
fn linkers(sysroot: &Path) -> Option<Vec<PathBuf>> {
    let sysroots = [sysroot.to_owned()]
        .into_iter()
        .chain(self::sysroot("rustc"));
    let beside = sysroots.flat_map(|sysroot| host_folders(&sysroot));
    let has_all = |folder: &PathBuf| LINKERS.iter().all(|name| folder.join(name).is_file());
    let on_path = || {
        LINKERS
            .iter()
            .all(|name| system::find_program(name).is_some())
    };
    beside
        .into_iter()
        .find(has_all)
        .map(|folder| vec![folder])
        .or_else(|| on_path().then(Vec::new))
}

/// `lib/rustlib/HOST/bin` of a sysroot.
fn host_folders(sysroot: &Path) -> Vec<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "looks where a toolchain has its linkers"
    )]
    let entries = std::fs::read_dir(sysroot.join("lib/rustlib"));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.is_dir())
        .collect()
}

fn install() -> Result<(), String> {
    let installed = apt_get(
        &[
            &["install", "--yes", "--no-install-recommends"],
            &PACKAGES[..],
        ]
        .concat(),
    );
    // The lists of a fresh machine are empty or old.
    installed.or_else(|_| {
        apt_get(&["update"])?;
        apt_get(
            &[
                &["install", "--yes", "--no-install-recommends"],
                &PACKAGES[..],
            ]
            .concat(),
        )
    })
}

fn apt_get(arguments: &[&str]) -> Result<(), String> {
    let mut command = system::command("apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("`apt-get {}` failed", arguments.join(" "))),
    }
}
