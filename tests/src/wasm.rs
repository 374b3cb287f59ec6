//! Where `cargo xtask` puts the components it builds, and those that are assembled from text.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The built, unpacked component `name`. A guest that is text is assembled afresh.
pub fn component(name: &str) -> PathBuf {
    let release = root().join("target/wasm/wasm32-wasip2/release");
    let path = release.join(format!("{}.wasm", name.replace('-', "_")));
    let text = guest_source(name).join("component.wat");
    if text.is_file() {
        assemble(&text, &path);
    }
    assert!(
        path.is_file(),
        "`{name}` is not built: run `cargo xtask test`"
    );
    path
}

/// Written beside and renamed, since tests run at the same time.
fn assemble(text: &Path, path: &Path) {
    let component = wat::parse_file(text).expect("a component in text");
    let directory = path.parent().expect("a directory");
    std::fs::create_dir_all(directory).expect("the directory of components");
    let mut file = tempfile::NamedTempFile::new_in(directory).expect("a file");
    file.write_all(&component).expect("the component");
    file.persist(path).expect("the component in place");
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
