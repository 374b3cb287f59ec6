//! Old versions do not come back, and the memory of them can't be edited.

use std::path::PathBuf;

use vouchsafe_keys::{Keystore, MacKey, Purpose, Seal};

use super::mini::key;
use crate::signing::{MemoryError, Revocations, Trust, Verified, VersionMemory, sign, verify};
use crate::testing::{PAYMENTS, PAYMENTS_TOML, packed};
use crate::{ReadLimits, SkillName};

fn home() -> (tempfile::TempDir, PathBuf, MacKey) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("versions.json");
    let mac = another_key();
    (dir, path, mac)
}

fn another_key() -> MacKey {
    let dir = tempfile::tempdir().unwrap();
    let seal = Seal::KeyFile(dir.path().join("seal"));
    Keystore::create(&dir.path().join("keys"), &seal)
        .unwrap()
        .mac(Purpose::VersionMemory)
}

fn version(publisher: &str, version: &str) -> Verified {
    let key = key();
    let trust = format!(
        "[publishers.{publisher}]\nnamespaces = [\"acme\"]\ntransparency = \"none\"\nkey = \"\"\"\n{}\"\"\"\n",
        key.public().to_pem()
    );
    let bytes = packed(&PAYMENTS.replace("1.2.0", version), PAYMENTS_TOML);
    let bundle = sign(&bytes, &key).unwrap();
    let trust = Trust::parse(&trust).unwrap();
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    verify(
        bytes,
        bundle.as_json().as_bytes(),
        &trust,
        &Revocations::none(),
        &ReadLimits::default(),
        now,
    )
    .unwrap()
}

#[test]
fn a_lower_version_is_a_rollback_unless_it_is_granted() {
    let (_dir, path, mac) = home();
    let mut memory = VersionMemory::create(&path, mac.clone()).unwrap();
    memory.admit(&version("acme", "1.2.0"), false).unwrap();
    memory.admit(&version("acme", "1.2.0"), false).unwrap();
    memory.admit(&version("acme", "1.10.0"), false).unwrap();
    let mut memory = VersionMemory::open(&path, mac).unwrap();
    for old in ["1.2.0", "1.10.0-rc.1", "1.9.9"] {
        let refused = memory.admit(&version("acme", old), false);
        assert!(matches!(refused, Err(MemoryError::Rollback(_))), "{old}");
    }
    memory.admit(&version("acme", "1.2.0"), true).unwrap();
    let skill: SkillName = "acme:payments".parse().unwrap();
    assert_eq!(
        memory.highest("acme", &skill).unwrap().to_string(),
        "1.10.0"
    );
}

#[test]
fn each_publisher_has_its_own_versions() {
    let (_dir, path, mac) = home();
    let mut memory = VersionMemory::create(&path, mac).unwrap();
    memory.admit(&version("acme", "2.0.0"), false).unwrap();
    memory.admit(&version("other", "1.0.0"), false).unwrap();
}

#[test]
fn the_numbers_of_revocation_list_and_statement_only_rise() {
    let (_dir, path, mac) = home();
    let mut memory = VersionMemory::create(&path, mac.clone()).unwrap();
    memory.note_revocations(7).unwrap();
    memory.note_revocations(3).unwrap();
    memory.note_statement(9).unwrap();
    memory.note_statement(2).unwrap();
    let memory = VersionMemory::open(&path, mac).unwrap();
    assert_eq!(
        (memory.revocations_seen(), memory.statements_seen()),
        (7, 9)
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "an attacker edits the file")]
fn an_edited_deleted_or_foreign_memory_is_refused() {
    let (_dir, path, mac) = home();
    let mut memory = VersionMemory::create(&path, mac.clone()).unwrap();
    memory.admit(&version("acme", "1.2.0"), false).unwrap();
    let honest = std::fs::read(&path).unwrap();
    for at in 0..honest.len() - 1 {
        let mut edited = honest.clone();
        edited[at] ^= 1;
        std::fs::write(&path, &edited).unwrap();
        assert!(
            VersionMemory::open(&path, mac.clone()).is_err(),
            "byte {at}"
        );
    }
    std::fs::write(&path, &honest).unwrap();
    assert!(VersionMemory::open(&path, mac.clone()).is_ok());
    assert!(matches!(
        VersionMemory::open(&path, another_key()),
        Err(MemoryError::NotOurs(_))
    ));
    assert!(VersionMemory::create(&path, mac.clone()).is_err());
    std::fs::remove_file(&path).unwrap();
    assert!(VersionMemory::open(&path, mac).is_err());
}
