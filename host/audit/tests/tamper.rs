//! Whoever changes one byte, drops, swaps or adds a record, or cuts the end, is found out.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "a tamperer uses no door of ours")]

mod common;

use std::sync::{Arc, OnceLock};

use common::{Faulty, InMemory, SMALL, fill, keys};
use proptest::prelude::*;
use vouchsafe_audit::storage::Storage;
use vouchsafe_audit::{Expect, Head, Log, LogError, VerifyError, verify};

const HEADER: usize = 90;

struct Sample {
    bytes: Vec<u8>,
    /// Where each record's frame begins; the last is the end.
    starts: Vec<usize>,
    head: Head,
}

/// A closed log of 24 records in batches of one and more.
fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let disk = Faulty::new();
        let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(fill(&log, 12));
        let head = log.head();
        drop(log);
        let bytes = disk.bytes();
        let mut starts: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] == 0x1e).collect();
        assert_eq!(starts.len(), 24);
        starts.push(bytes.len());
        Sample {
            bytes,
            starts,
            head,
        }
    })
}

/// The record to which byte `at` belongs; 0 is the header.
fn record_at(at: usize) -> u64 {
    sample().starts.iter().filter(|start| **start <= at).count() as u64
}

fn check(bytes: &[u8], expect: Option<Head>) -> Result<u64, VerifyError> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("records.log"), bytes).unwrap();
    verify(dir.path(), &Expect::from(expect)).map(|good| good.records)
}

fn bad_record(bytes: &[u8]) -> u64 {
    check(bytes, None).unwrap_err().record().unwrap()
}

/// Opening never takes a changed log for what it was: it refuses, or it cuts the last batch and says so.
fn reopen(bytes: Vec<u8>) -> Result<u64, LogError> {
    let log = Log::open_on(
        Faulty::holding(bytes),
        Box::<InMemory>::default(),
        keys(),
        SMALL,
    )?;
    let last = log.tail(1).next().unwrap().unwrap();
    assert_eq!(last.action.as_deref(), Some("recovered"));
    Ok(last.seq)
}

proptest! {
    // A bad log is looked at again for a moment, in case it is being written: that is what takes time here.
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_changed_byte_is_named(at: prop::sample::Index, flip in 1..=255u8) {
        let mut bytes = sample().bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_eq!(bad_record(&bytes), record_at(at));
        let reopened = reopen(bytes);
        // Only the very end of the last batch can look like a torn write, and that is said.
        if let Ok(seq) = reopened {
            prop_assert_eq!((seq, record_at(at)), (24, 24));
        } else {
            let error = reopened.unwrap_err().to_string();
            prop_assert!(error.contains(&format!("record `{}`", record_at(at))) || record_at(at) == 0, "{}", error);
        }
    }

    #[test]
    fn one_byte_less_is_named(at: prop::sample::Index) {
        let mut bytes = sample().bytes.clone();
        let at = at.index(bytes.len());
        bytes.remove(at);
        prop_assert_eq!(bad_record(&bytes), record_at(at));
    }

    #[test]
    fn one_byte_more_is_noticed(at: prop::sample::Index, byte: u8) {
        let mut bytes = sample().bytes.clone();
        let at = at.index(bytes.len());
        bytes.insert(at, byte);
        let found = bad_record(&bytes);
        // Before the first byte of a record it belongs to that record, whichever of the two it equals.
        prop_assert!(found == record_at(at) || found + 1 == record_at(at) || found == record_at(at) + 1);
    }

    #[test]
    fn a_record_taken_out_is_named(index in 0..23usize) {
        let Sample { bytes, starts, .. } = sample();
        let without = [&bytes[..starts[index]], &bytes[starts[index + 1]..]].concat();
        prop_assert_eq!(bad_record(&without), index as u64 + 1);
    }

    #[test]
    fn a_record_put_in_twice_is_named(index in 0..24usize) {
        let Sample { bytes, starts, .. } = sample();
        let twice = [&bytes[..starts[index + 1]], &bytes[starts[index]..]].concat();
        prop_assert_eq!(bad_record(&twice), index as u64 + 2);
    }

    #[test]
    fn two_swapped_records_are_named(one in 0..24usize, other in 0..24usize) {
        prop_assume!(one != other);
        let Sample { bytes, starts, .. } = sample();
        let mut frames: Vec<_> = starts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        frames.swap(one, other);
        let swapped = [&bytes[..HEADER], &frames.concat()].concat();
        prop_assert_eq!(bad_record(&swapped), one.min(other) as u64 + 1);
    }

    #[test]
    fn a_cut_is_named_given_a_head(at: prop::sample::Index) {
        let Sample { bytes, starts, head } = sample();
        let at = at.index(bytes.len() - HEADER) + HEADER;
        let whole = starts.iter().filter(|start| **start <= at).count() as u64 - 1;
        let error = check(&bytes[..at], Some(*head)).unwrap_err();
        prop_assert_eq!(error.record(), Some(whole + 1));
        // Without one, a cut between two records can't be seen; one within a record can.
        let without = check(&bytes[..at], None);
        prop_assert_eq!(without.is_ok(), starts.contains(&at));
    }

    #[test]
    fn bytes_after_the_last_record_are_noticed(junk in prop::collection::vec(any::<u8>(), 1..200)) {
        prop_assume!(junk.iter().any(|byte| *byte != 0));
        let bytes = [sample().bytes.as_slice(), &junk].concat();
        prop_assert_eq!(bad_record(&bytes), 25);
    }

    /// Somebody who knows the format mends the check sum after an edit: the next record's link tells.
    #[test]
    fn an_edit_with_a_mended_check_sum_is_named(index in 0..23usize) {
        let Sample { bytes, starts, .. } = sample();
        let mut bytes = bytes.clone();
        let frame = &mut bytes[starts[index]..starts[index + 1]];
        let at = frame.windows(6).position(|part| part == b"\"acme\"").unwrap();
        frame[at + 1] = b'A';
        mend(frame);
        prop_assert_eq!(bad_record(&bytes), index as u64 + 1);
        let reopened = reopen(bytes);
        prop_assert!(matches!(reopened, Err(LogError::Damaged(bad)) if bad.record == index as u64 + 1));
    }
}

/// Writes the right check sum into a frame.
fn mend(frame: &mut [u8]) {
    let text = std::str::from_utf8(&frame[..36]).unwrap();
    let length = u64::from_str_radix(&text[1..9], 16).unwrap();
    let mark = u64::from_str_radix(&text[10..26], 16).unwrap();
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length.to_le_bytes());
    crc.update(&mark.to_le_bytes());
    crc.update(&frame[36..frame.len() - 1]);
    let crc = format!("{:08x}", crc.finalize());
    frame[27..35].copy_from_slice(crc.as_bytes());
}

#[test]
fn an_edited_last_record_is_noticed_given_a_head() {
    let Sample {
        bytes,
        starts,
        head,
    } = sample();
    let mut bytes = bytes.clone();
    let frame = &mut bytes[starts[23]..];
    let at = frame
        .windows(6)
        .position(|part| part == b"\"acme\"")
        .unwrap();
    frame[at + 1] = b'A';
    mend(frame);
    assert!(matches!(
        check(&bytes, Some(*head)),
        Err(VerifyError::Rewritten(24))
    ));
}

#[test]
fn a_log_rewritten_from_the_first_record_is_noticed_given_a_head() {
    let Sample { head, .. } = sample();
    let disk = Faulty::new();
    let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(fill(&log, 12));
    drop(log);
    assert!(check(&disk.bytes(), None).is_ok());
    assert!(matches!(
        check(&disk.bytes(), Some(*head)),
        Err(VerifyError::Rewritten(24))
    ));
}

#[test]
fn a_zeroed_sector_of_an_acknowledged_record_is_damage_not_a_torn_write() {
    let mut bytes = sample().bytes.clone();
    let disk: Arc<dyn Storage> = Faulty::holding(bytes.clone());
    assert!(disk.size().unwrap() > 4096);
    bytes[1024..1536].fill(0);
    assert!(matches!(
        Log::open_on(Faulty::holding(bytes), Box::<InMemory>::default(), keys(), SMALL),
        Err(LogError::Damaged(bad)) if bad.record == record_at(1024)
    ));
}

#[test]
fn reading_stops_with_an_error_at_a_damaged_record() {
    let Sample { bytes, starts, .. } = sample();
    let mut bytes = bytes.clone();
    bytes[starts[9] + 100] ^= 1;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("records.log"), bytes).unwrap();
    let found: Vec<_> = vouchsafe_audit::records(dir.path()).unwrap().collect();
    assert_eq!(found.len(), 10);
    assert!(found[..9].iter().all(Result::is_ok));
    assert!(matches!(&found[9], Err(LogError::Damaged(bad)) if bad.record == 10));
}
