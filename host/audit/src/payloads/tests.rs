#![expect(clippy::disallowed_methods, reason = "a tamperer uses no door of ours")]

use tempfile::TempDir;
use vouchsafe_keys::{Keystore, Purpose, Seal, Secret};

use super::*;

fn host(directory: &TempDir) -> SealingKey {
    let seal = Seal::Passphrase(Secret::from("x".to_owned()));
    let path = directory.path().join("keystore.json");
    let keystore = Keystore::open(&path, &seal).or_else(|_| Keystore::create(&path, &seal));
    keystore.unwrap().sealer(Purpose::Sealing)
}

fn open(directory: &TempDir) -> Payloads {
    let place = directory.path().join("payloads");
    Payloads::open(&place, host(directory), |error| panic!("{error}")).unwrap()
}

fn payload(seq: Seq, subjects: &[&str], text: &str) -> Payload {
    Payload {
        seq,
        part: Part::Input,
        subjects: subjects.iter().map(|one| (*one).to_owned()).collect(),
        bytes: text.as_bytes().to_vec(),
    }
}

fn of(payloads: &Payloads, seq: Seq) -> Vec<Content> {
    let found = payloads.find(Wanted::Record(seq), 0, PENDING).unwrap();
    found.into_iter().map(|one| one.content).collect()
}

fn text(text: &str) -> Vec<Content> {
    vec![Content::Open(text.as_bytes().to_vec())]
}

#[test]
fn one_destroyed_key_darkens_what_it_had_a_part_in_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let payloads = open(&directory);
    payloads.keep(payload(1, &["anna"], "a"));
    payloads.keep(payload(2, &["bert"], "b"));
    payloads.keep(payload(3, &["bert", "anna"], "both"));
    payloads.keep(payload(4, &[], "nobody"));
    assert_eq!(of(&payloads, 3), text("both"));
    let erased = payloads.erase("anna".to_owned(), 1).unwrap();
    assert_eq!((erased.payloads, erased.generation), (2, 2));
    assert_eq!(erased.classes.values().sum::<u64>(), 1);
    let after = |payloads: &Payloads| {
        assert_eq!(of(payloads, 1), [Content::Erased]);
        assert_eq!(of(payloads, 2), text("b"));
        assert_eq!(of(payloads, 3), [Content::Erased]);
        assert_eq!(of(payloads, 4), text("nobody"));
    };
    after(&payloads);
    drop(payloads);
    let payloads = open(&directory);
    after(&payloads);
    // What comes later is sealed under another key, and is all there is.
    assert!(matches!(
        payloads.erase("anna".to_owned(), 2),
        Err(PayloadError::Unknown)
    ));
    payloads.keep(payload(5, &["anna"], "anew"));
    let found = payloads.find(Wanted::Subject("anna".to_owned()), 0, PENDING);
    let numbers: Vec<_> = found.unwrap().iter().map(|one| one.seq).collect();
    assert_eq!(numbers, [5]);
    assert!(matches!(
        payloads.erase("anna".to_owned(), 1),
        Err(PayloadError::OtherGeneration)
    ));
}

#[test]
fn keys_of_before_an_erasure_do_not_open_with_the_wrapping_key_of_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("payloads");
    let payloads = open(&directory);
    payloads.keep(payload(1, &["anna"], "a"));
    payloads.keep(payload(2, &["bert"], "b"));
    payloads.sync().unwrap();
    let old = std::fs::read(place.join("keys-1.json")).unwrap();
    payloads.erase("anna".to_owned(), 1).unwrap();
    drop(payloads);
    let mut names = vouchsafe_ambient::files::list(&place).unwrap();
    names.sort();
    assert_eq!(names, ["keys-2.json", "payloads.jsonl", "wrapping-2.key"]);
    std::fs::write(place.join("keys-2.json"), old).unwrap();
    let opened = Payloads::open(&place, host(&directory), |error| panic!("{error}"));
    assert!(matches!(opened.err(), Some(PayloadError::Seal(_))));
}

#[test]
fn an_erasure_cut_short_is_either_not_begun_or_ended() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("payloads");
    let payloads = open(&directory);
    payloads.keep(payload(1, &["anna"], "a"));
    payloads.sync().unwrap();
    let (keys, wrapping) = (place.join("keys-1.json"), place.join("wrapping-1.key"));
    let old = [&keys, &wrapping].map(|path| std::fs::read(path).unwrap());
    // Before the new wrapping key is written.
    drop(payloads);
    std::fs::write(place.join("keys-2.json"), "{}").unwrap();
    let payloads = open(&directory);
    assert_eq!(of(&payloads, 1), text("a"));
    assert!(!place.join("keys-2.json").exists());
    // After that, before the old one is gone.
    payloads.erase("anna".to_owned(), 1).unwrap();
    drop(payloads);
    std::fs::write(&keys, &old[0]).unwrap();
    std::fs::write(&wrapping, &old[1]).unwrap();
    let payloads = open(&directory);
    assert_eq!(of(&payloads, 1), [Content::Erased]);
    assert!(!keys.exists() && !wrapping.exists());
}

#[test]
fn a_torn_line_is_cut_off_and_a_moved_payload_does_not_open() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("payloads/payloads.jsonl");
    let payloads = open(&directory);
    payloads.keep(payload(1, &["anna"], "a"));
    drop(payloads);
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}{{\"seq\":2,\"pa")).unwrap();
    let payloads = open(&directory);
    payloads.keep(payload(2, &["anna"], "b"));
    assert_eq!(of(&payloads, 2), text("b"));
    drop(payloads);
    let moved = whole.replace("\"seq\":1,", "\"seq\":7,");
    std::fs::write(&file, moved).unwrap();
    let payloads = open(&directory);
    let found = payloads.find(Wanted::Record(7), 0, PENDING);
    assert!(matches!(found, Err(PayloadError::Seal(_))));
}
