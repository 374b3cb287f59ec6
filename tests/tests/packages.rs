//! What was signed is what runs: no part of a package, of the store or of the compiled code can be
//! put in another's place.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use vouchsafe_keys::{PrivateKey, Secret};
use vouchsafe_package::Digest;
use vouchsafe_package::signing::{bundle_path, sign};
use vouchsafe_tests::say::{answers, says, text};
use vouchsafe_tests::{Home, Sketch, Socket};

fn seven() -> Sketch {
    Sketch::new("acme:pay", "1.0.0", 7)
}

/// Signs any bytes with the publisher's key, as a careless publisher with another tool could.
fn sign_blindly(home: &Home, bytes: &[u8]) -> PathBuf {
    let file = home.path("blind.wasm");
    fs::write(&file, bytes).unwrap();
    let pem = fs::read_to_string(home.path("publisher.key")).unwrap();
    let key = PrivateKey::from_pem(&pem, Some(&Secret::from("correct horse".to_owned()))).unwrap();
    let bundle = sign(bytes, &key).unwrap();
    fs::write(bundle_path(&file), bundle.as_json()).unwrap();
    file
}

/// The packed skill, cut where `pack` began to append: code, and what says what it is.
fn halves(home: &Home, file: &Path, name: &str) -> (Vec<u8>, Vec<u8>) {
    let code = fs::read(home.path(&format!("{name}-source/component.wasm"))).unwrap();
    let packed = fs::read(file).unwrap();
    assert!(packed.starts_with(&code));
    let words = packed[code.len()..].to_vec();
    (code, words)
}

/// A section with its length, all under 16 KiB.
fn section(id: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len() & 0x7f).unwrap() | 0x80;
    let rest = u8::try_from(body.len() >> 7).unwrap();
    [&[id, length, rest], body].concat()
}

fn custom(name: &str, content: &[u8]) -> Vec<u8> {
    let length = [u8::try_from(name.len()).unwrap()];
    section(0, &[&length, name.as_bytes(), content].concat())
}

/// Their bytes are refused before anything is known of their types.
#[test]
fn what_is_no_data_is_refused_with_the_line_that_asks_for_it() {
    let home = Home::empty();
    for (ty, wat, reason) in [
        ("stream<u8>", "(component (type (stream u8)))", "a stream"),
        ("future<u8>", "(component (type (future u8)))", "a future"),
    ] {
        let source = seven().lay(&home, "streams");
        let wit = source.join("wit/world.wit");
        let text = fs::read_to_string(&wit).unwrap();
        let line = text
            .lines()
            .position(|line| line.contains("func()"))
            .unwrap()
            + 1;
        fs::write(&wit, text.replace("func()", &format!("func(all: {ty})"))).unwrap();
        let component = source.join("component.wasm");
        fs::write(&component, wat::parse_str(wat).unwrap()).unwrap();
        let run = home.pack(&source, &component, &home.path("streams.wasm"));
        says(
            &run.code(1),
            &format!("`all` is {reason}, and a tool's values are plain data"),
        );
        let run = home.pack(&source, &component, &home.path("streams.wasm"));
        says(&run, &format!("(world.wit:{line})"));
    }
}

#[track_caller]
fn refused(home: &Home, file: &Path, reason: &str) {
    let run = home.install(file).code(4);
    says(&run, reason);
    assert_eq!(home.run(&["list", "--json"]).ok().json(), json!([]));
}

#[test]
fn code_and_manifest_of_two_packages_do_not_make_a_third() {
    let home = Home::trusting(&["acme"]);
    let good = seven().sign(&home, "good");
    let evil = seven().with("drain", "read", 666).sign(&home, "evil");
    let (good_code, good_words) = halves(&home, &good, "good");
    let (evil_code, evil_words) = halves(&home, &evil, "evil");
    let swapped_code = [evil_code.as_slice(), &good_words].concat();
    let swapped_words = [good_code.as_slice(), &evil_words].concat();
    for bytes in [&swapped_code, &swapped_words] {
        // Under either package's own signature,
        for signed in [&good, &evil] {
            let file = home.path("swapped.wasm");
            fs::write(&file, bytes).unwrap();
            fs::copy(bundle_path(signed), bundle_path(&file)).unwrap();
            home.install(&file).code(4);
            home.run(&["verify", text(&file)]).code(4);
        }
    }
    // and even if the publisher signed it: schemas are derived from the code again.
    refused(&home, &sign_blindly(&home, &swapped_code), "drain");
    refused(&home, &sign_blindly(&home, &swapped_words), "drain");
    // The same with an answer that alone differs: nothing but the signature can tell.
    let other = Sketch::new("acme:pay", "1.0.0", 8).sign(&home, "other");
    let (other_code, _) = halves(&home, &other, "other");
    let file = home.path("swapped.wasm");
    fs::write(&file, [other_code, good_words].concat()).unwrap();
    fs::copy(bundle_path(&good), bundle_path(&file)).unwrap();
    refused(&home, &file, "the signature is for sha256:");
}

#[test]
fn nothing_is_added_to_a_package() {
    let home = Home::trusting(&["acme"]);
    let good = seven().sign(&home, "good");
    let bytes = fs::read(&good).unwrap();
    let (code, words) = halves(&home, &good, "good");
    let extended = home.path("extended.wasm");
    fs::write(
        &extended,
        [bytes.as_slice(), &custom("note", b"hello")].concat(),
    )
    .unwrap();
    fs::copy(bundle_path(&good), bundle_path(&extended)).unwrap();
    refused(&home, &extended, "the signature is for sha256:");

    let cases = [
        (
            custom("vouchsafe:manifest", b"[tools.drain]"),
            "`vouchsafe:manifest` stands there twice",
        ),
        (
            custom("vouchsafe:docs", b"{}"),
            "`vouchsafe:docs` stands there twice",
        ),
        (custom("vouchsafe:other", b""), "`vouchsafe:other`"),
    ];
    for (extra, reason) in cases {
        let bytes = [bytes.as_slice(), &extra].concat();
        refused(&home, &sign_blindly(&home, &bytes), reason);
    }
    // A packed component inside: two manifests, one of which nobody looks at.
    let nested = [code.as_slice(), &section(4, &bytes), &words].concat();
    refused(
        &home,
        &sign_blindly(&home, &nested),
        "stands inside a nested",
    );
    // Packed again.
    let run = home.run(&[
        "pack",
        text(&good),
        "--manifest",
        text(&home.path("good-source/skill.toml")),
        "--wit",
        text(&home.path("good-source/wit")),
    ]);
    says(&run, "packed already");
    // No package at all.
    refused(&home, &sign_blindly(&home, &code), "pack");
}

fn cache_of(home: &Home, file: &Path) -> PathBuf {
    let digest = Digest::of(&fs::read(file).unwrap());
    let path = home
        .data("cache")
        .join(format!("sha256-{}.code", digest.hex()));
    assert!(path.is_file(), "{}", path.display());
    path
}

#[test]
fn compiled_code_that_this_host_did_not_make_is_not_loaded() {
    let home = Home::trusting(&["acme"]);
    let file = seven().install(&home, "seven");
    let other = Sketch::new("acme:other", "1.0.0", 666).install(&home, "other");
    answers(&home, "pay_sum", 7);
    answers(&home, "other_sum", 666);
    let (cache, foreign) = (cache_of(&home, &file), cache_of(&home, &other));
    let good = fs::read(&cache).unwrap();

    // Another home compiles the same bytes under another key.
    let elsewhere = Home::trusting(&["acme"]);
    seven().install(&elsewhere, "seven");
    answers(&elsewhere, "pay_sum", 7);
    let theirs = fs::read(cache_of(&elsewhere, &file)).unwrap();
    assert_eq!(theirs[32..], good[32..], "only the key differs");

    let flipped = |at: usize| {
        let mut bad = good.clone();
        bad[at] ^= 1;
        bad
    };
    let cases = [
        fs::read(&foreign).unwrap(),
        theirs,
        flipped(good.len() - 1),
        flipped(good.len() / 2),
        good[..good.len() / 2].to_vec(),
        vec![],
    ];
    for bad in cases {
        home.stop();
        fs::write(&cache, &bad).unwrap();
        answers(&home, "pay_sum", 7);
        assert_ne!(fs::read(&cache).unwrap(), bad, "compiled again");
    }
    // What this host made is taken as it is.
    home.stop();
    fs::write(&cache, &good).unwrap();
    let before = fs::metadata(&cache).unwrap().modified().unwrap();
    answers(&home, "pay_sum", 7);
    assert_eq!(fs::metadata(&cache).unwrap().modified().unwrap(), before);
}

#[test]
fn a_component_swapped_in_the_store_does_not_run() {
    let home = Home::trusting(&["acme"]);
    let file = seven().install(&home, "seven");
    let other = Sketch::new("acme:pay", "1.0.0", 666).sign(&home, "other");
    let digest = Digest::of(&fs::read(&file).unwrap());
    let kept = home.data("skills").join(format!("{}.wasm", digest.hex()));
    // Between the check and the first call, which compiles: only the bytes that were checked are.
    fs::copy(&other, &kept).unwrap();
    fs::copy(bundle_path(&other), bundle_path(&kept)).unwrap();
    let refused = home.call("pay_sum", &json!({})).code(4);
    says(
        &refused,
        "the kept component was changed since it was verified",
    );
    // Found at the next start: well signed, and not what was kept.
    home.stop();
    home.call("pay_sum", &json!({})).code(4);
    says(&home.run(&["list"]).ok(), "the file now holds sha256:");
    fs::write(&kept, b"nonsense").unwrap();
    home.stop();
    home.call("pay_sum", &json!({})).code(2);
    says(&home.run(&["list"]).ok(), "the signature is for sha256:");
}

#[test]
fn a_file_that_changes_after_it_was_shown_is_not_kept() {
    let home = Home::trusting(&["acme"]);
    let shown = seven().sign(&home, "shown");
    let other = Sketch::new("acme:pay", "1.0.0", 666).sign(&home, "other");
    let digest = Digest::of(&fs::read(&shown).unwrap());
    let mut socket = Socket::open(&home);
    let keep = json!({ "do": "keep", "file": other, "digest": digest, "allow_rollback": false });
    let failure = socket.ask(&keep).unwrap_err();
    assert!(
        failure["message"]
            .as_str()
            .unwrap()
            .contains("changed after it was shown"),
        "{failure}"
    );
    assert_eq!(socket.ask(&json!({ "do": "list" })).unwrap(), json!([]));
}
