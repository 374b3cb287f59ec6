//! Where `cargo xtask` puts the components it builds.

use std::path::{Path, PathBuf};

/// The built, unpacked component `name`.
pub fn component(name: &str) -> PathBuf {
    let file = name.replace('-', "_");
    let path = root().join(format!("target/wasm/wasm32-wasip2/release/{file}.wasm"));
    assert!(
        path.is_file(),
        "`{name}` is not built: run `cargo xtask test`"
    );
    path
}

/// The source directory of guest `name`.
pub fn guest_source(name: &str) -> PathBuf {
    root().join("tests/guests").join(name)
}

/// The source directory of skill `name`.
pub fn skill_source(name: &str) -> PathBuf {
    root().join("skills").join(name)
}

/// The workspace's root.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
