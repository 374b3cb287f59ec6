//! What a person reads of the log.
#![cfg(test)]

mod common;

use common::{Faulty, InMemory, SMALL, fill, intent, keys};
use insta::assert_snapshot;
use vouchsafe_audit::{Expect, Head, Log, LogError};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

/// The text, without the hash that is another each time.
fn fixed(text: &impl ToString) -> String {
    let text = text.to_string();
    let text = match text.rsplit_once(':') {
        Some((before, hash)) if hash.len() == 64 => format!("{before}:HASH"),
        _ => text,
    };
    let key = |line: &str| match line.split_once(", by ") {
        Some((before, _)) => format!("{before}, by KEY"),
        None => line.to_owned(),
    };
    text.lines().map(key).collect::<Vec<_>>().join("\n")
}

fn log_of(pairs: usize) -> (std::sync::Arc<Faulty>, Log) {
    let disk = Faulty::new();
    let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
    runtime().block_on(fill(&log, pairs));
    (disk, log)
}

#[test]
fn a_good_log() {
    let (_, log) = log_of(3);
    runtime().block_on(async {
        let open = log.append(intent("c")).unwrap();
        log.durable(&open).await.unwrap();
    });
    let head: Head = log.head();
    assert_snapshot!(fixed(&log.verify(&Expect::default()).unwrap()), @"
    good      7 records, unbroken from the first
    signed    the first 7 of them, by KEY
    open      1 without an outcome yet, from record 7 on
    unchecked whether records after 7 were rewritten, or all was put back to an older state; keep what `vouchsafe audit checkpoint` prints elsewhere and pass it with --from
    head      7:HASH
    ");
    assert_snapshot!(fixed(&log.verify(&Expect::from(Some(head))).unwrap()), @"
    good      7 records, unbroken from the first
    signed    the first 7 of them, by KEY
    open      1 without an outcome yet, from record 7 on
    unchecked whether records after 7 were cut off
    head      7:HASH
    ");
}

#[test]
fn a_bad_log() {
    let (disk, log) = log_of(3);
    let head = log.head();
    let mut bytes = disk.bytes();
    bytes[200] ^= 1;
    let opened = Log::open_on(
        Faulty::holding(bytes),
        Box::<InMemory>::default(),
        keys(),
        SMALL,
    );
    assert_snapshot!(opened.unwrap_err(), @"the log is damaged at record `1` (byte 90): its bytes do not match its check sum; restore it from a backup, or move it away to begin a new one");
    let longer = Head { seq: 9, ..head };
    assert_snapshot!(log.verify(&Expect::from(Some(longer))).unwrap_err(), @"record `7` is missing: the log ends at record 6, but had reached 9; its end was cut");
    let other = Head {
        hash: [0; 32],
        ..head
    };
    assert_snapshot!(log.verify(&Expect::from(Some(other))).unwrap_err(), @"record `6` is not the one that is expected: it, or records before it, were rewritten");
}

#[test]
fn a_log_that_takes_nothing() {
    let words = [
        LogError::Poisoned("the sync failed".into()),
        LogError::Full,
        LogError::Busy(9_000_000),
        LogError::NotOpen(7),
    ];
    let words: Vec<_> = words.iter().map(ToString::to_string).collect();
    assert_snapshot!(words.join("\n"), @"
    the log stopped after `the sync failed`; no effect is allowed until the disk is mended and the host restarted
    the disk is full: the log has no space left for new work; free some, and it goes on
    the log is behind: 9000000 bytes wait for the disk; try again
    record `7` is not an open intent: it was concluded already or never was one
    ");
}
