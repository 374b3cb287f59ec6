//! A new skill, as its author would make it: tested natively, and compiled to a component.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test that writes a crate and runs cargo, as an author does"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vouchsafe_build::template::{self, Sdk};
use vouchsafe_build::{Profile, Toolchain};

/// What a component's first eight bytes are.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn lay(folder: &Path) {
    for file in template::rust("acme", "pay-slips", &Sdk::Laid).unwrap() {
        let path = folder.join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text).unwrap();
    }
    // The versions that are tested here, and no look at a registry.
    fs::copy(
        repository().join("skills/Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .unwrap();
}

#[test]
fn a_new_skill_passes_its_tests_and_becomes_a_component() {
    let folder = tempfile::tempdir().unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-skill");
    lay(folder.path());

    let tested = Command::new("cargo")
        .args(["test", "--target-dir"])
        .arg(&target)
        .current_dir(folder.path())
        .status();
    assert!(tested.unwrap().success());

    let toolchain = match Toolchain::find(&mut |line| println!("{line}")) {
        Ok(toolchain) => toolchain,
        Err(missing) => {
            println!("skipped: {missing}");
            return;
        }
    };
    let component = toolchain
        .build(folder.path(), &target, Profile::Release)
        .unwrap();
    assert!(fs::read(component).unwrap().starts_with(COMPONENT));
}
