//! `vouchsafe-verify` and what it says of directories that are not good.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    missing_docs,
    reason = "a test plays those who change files, and may fail by panicking"
)]

use std::path::Path;
use std::process::Command;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use vouchsafe_tlog::note::{Note, VerifierKey};
use vouchsafe_tlog::tile::Tile;
use vouchsafe_tlog::{Builder, Checkpoint, bundle, hash};

/// Writes a log with `entries` and a good checkpoint over them into `directory`; the key that signed it.
fn log_of(directory: &Path, entries: &[String]) -> VerifierKey {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let public = pair.public_key().as_ref().try_into().unwrap();
    let key = VerifierKey::new("log.example/one", public).unwrap();
    let (mut builder, mut all) = (Builder::default(), Vec::new());
    for entry in entries {
        assert!(bundle::append(&mut all, entry.as_bytes()));
        let Ok(()) = builder.push(hash::leaf(entry.as_bytes()), |_, _| {
            Ok::<_, std::convert::Infallible>(())
        });
    }
    let write = |path: &str, bytes: &[u8]| {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let tiles: Vec<(Tile, Vec<u8>)> = builder
        .edge()
        .map(|(tile, hashes)| (tile, hashes.concat()))
        .collect();
    for (tile, bytes) in &tiles {
        write(&tile.to_string(), bytes);
    }
    write(&bundle::path(tiles[0].0), &all);
    let checkpoint = Checkpoint {
        origin: "log.example/one".to_owned(),
        size: builder.size(),
        root: builder.root(),
    };
    let text = checkpoint.to_string();
    let signature = pair.sign(text.as_bytes()).as_ref().to_vec();
    write(
        "checkpoint",
        Note::signed(text, &key, signature).to_string().as_bytes(),
    );
    key
}

/// A record numbered `seq` that follows from `before`.
fn record(seq: u64, before: &str) -> String {
    let prev = hex::encode(hash::sha256(before.as_bytes()));
    format!("{{\"prev\":\"{prev}\",\"seq\":{seq}}}")
}

fn verify(directory: &Path, key: &str) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_vouchsafe-verify"))
        .arg("log")
        .arg(directory)
        .args(["--key", key])
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn a_good_log_is_good_and_only_by_its_own_key() {
    let dir = tempfile::tempdir().unwrap();
    let first = record(1, "the header");
    let second = record(2, &first);
    let key = log_of(dir.path(), &[first, second]).to_string();
    let (good, said) = verify(dir.path(), &key);
    assert!(
        good && said.starts_with("good      2 records of log.example/one, 1 tiles, signed\n"),
        "{said}"
    );
    let file = dir.path().join("key");
    std::fs::write(&file, format!("{key}\n")).unwrap();
    assert!(verify(dir.path(), file.to_str().unwrap()).0);
    let other = VerifierKey::new("log.example/one", [7; 32]).unwrap();
    let (good, said) = verify(dir.path(), &other.to_string());
    assert!(
        !good && said.contains("no signature by `log.example/one`"),
        "{said}"
    );
    let (good, said) = verify(dir.path(), "no-key");
    assert!(
        !good && said.contains("`no-key` is neither a key nor a file"),
        "{said}"
    );
}

#[test]
fn a_record_that_does_not_follow_is_found_though_it_was_signed_for() {
    let first = record(1, "the header");
    let cases = [
        (record(2, "another"), "it names another one"),
        (record(3, &first), "it says that it is 3"),
        ("[]".to_owned(), "record 2 does not follow"),
        ("not JSON".to_owned(), "record 2 does not follow"),
    ];
    for (second, why) in cases {
        let dir = tempfile::tempdir().unwrap();
        let key = log_of(dir.path(), &[first.clone(), second]).to_string();
        let (good, said) = verify(dir.path(), &key);
        assert!(!good && said.contains(why), "{said}");
    }
}

#[test]
fn what_is_missing_or_too_long_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let first = record(1, "the header");
    let key = log_of(dir.path(), &[first]).to_string();
    let bundle = dir.path().join("tile/entries/000.p/1");
    let bytes = std::fs::read(&bundle).unwrap();
    for changed in [
        [bytes.as_slice(), b"\0\x01x"].concat(),
        bytes[..5].to_vec(),
        Vec::new(),
    ] {
        std::fs::write(&bundle, changed).unwrap();
        let (good, said) = verify(dir.path(), &key);
        assert!(
            !good && said.contains("as many entries as its name says"),
            "{said}"
        );
    }
    std::fs::write(&bundle, vec![0; 200_000]).unwrap();
    assert!(!verify(dir.path(), &key).0);
    std::fs::remove_file(&bundle).unwrap();
    let (good, said) = verify(dir.path(), &key);
    assert!(!good && said.contains("tile/entries/000.p/1"), "{said}");
    // Nor is a pipe waited for.
    let made = Command::new("mkfifo").arg(&bundle).status().unwrap();
    assert!(made.success());
    let (good, said) = verify(dir.path(), &key);
    assert!(!good && said.contains("not a regular file"), "{said}");
}
