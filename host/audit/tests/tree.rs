//! The tree over the records: what was signed for can't be changed, every record can be proved, and all of it can be
//! made again from the records.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    missing_docs,
    reason = "a test plays those who change files, and may fail by panicking"
)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{Faulty, InMemory, SMALL, fill, intent, keys, keys_of, keystore_in, open, outcome};
use vouchsafe_audit::{Expect, Log, LogError, VerifyError, export, verify};
use vouchsafe_keys::Seal;
use vouchsafe_tlog::directory;
use vouchsafe_tlog::note::{Note, VerifierKey};
use vouchsafe_tlog::{Checkpoint, receipt::Receipt};

const HEADER: usize = 90;

fn records_of(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join("records.log")).unwrap()
}

/// A closed log in `dir` with `pairs` of intents and outcomes, and the key that checks it.
async fn closed(dir: &Path, pairs: usize) -> VerifierKey {
    let log = open(dir);
    fill(&log, pairs).await;
    log.verifier_key().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_can_be_proved_to_who_has_the_key_alone() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, 400).await;
    let key = log.verifier_key().clone();
    for seq in [1, 2, 255, 256, 257, 511, 512, 513, 800] {
        let receipt = log.receipt(seq).unwrap();
        let checkpoint = receipt.verify(&key).unwrap();
        assert_eq!(checkpoint.size, 800);
        assert!(
            receipt.record.contains(&format!("\"seq\":{seq},")),
            "{}",
            receipt.record
        );
        let stranger = VerifierKey::new(key.name(), [7; 32]).unwrap();
        assert!(receipt.verify(&stranger).is_err());
    }
    assert!(matches!(log.receipt(0), Err(LogError::NoProof(0))));
    assert!(matches!(log.receipt(801), Err(LogError::NoProof(801))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_to_be_had_as_soon_as_its_record_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(open(dir.path()));
    let key = log.verifier_key().clone();
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let (log, key) = (Arc::clone(&log), key.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    let begun = log.append(intent("c")).unwrap();
                    let ended = log.append(outcome(begun.seq())).unwrap();
                    log.durable(&ended).await.unwrap();
                    let receipt: Receipt = log.receipt(ended.seq()).unwrap();
                    assert!(receipt.verify(&key).unwrap().size >= ended.seq());
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_for_cannot_be_rewritten_even_with_a_whole_new_chain() {
    let dir = tempfile::tempdir().unwrap();
    let key = closed(dir.path(), 3).await;
    let kept = std::fs::read_to_string(dir.path().join("checkpoint")).unwrap();
    assert_eq!(
        verify(dir.path(), &Expect::default()).unwrap().signed,
        Some(6)
    );

    // Somebody who may write files but has not the key makes another history under the same first line.
    let disk = Faulty::holding(records_of(dir.path())[..HEADER].to_vec());
    let elsewhere = tempfile::tempdir().unwrap();
    let theirs = keys_of(&keystore_in(elsewhere.path()));
    let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), theirs, SMALL).unwrap();
    fill(&log, 5).await;
    let their_key = log.verifier_key().to_string();
    let their_note = log.publish().unwrap().to_string();
    drop(log);
    std::fs::write(dir.path().join("records.log"), disk.bytes()).unwrap();

    let opened = Log::open(dir.path(), keys(), SMALL).unwrap_err();
    assert!(
        matches!(opened, LogError::Damaged(ref bad) if bad.record == 6),
        "{opened}"
    );
    let checked = verify(dir.path(), &Expect::default()).unwrap_err();
    assert!(matches!(checked, VerifyError::Rewritten(6)), "{checked}");

    // With a checkpoint and a key of their own it looks good, but for who kept a checkpoint, and for the host.
    std::fs::write(dir.path().join("checkpoint"), &their_note).unwrap();
    let opened = Log::open(dir.path(), keys(), SMALL).unwrap_err();
    assert!(matches!(opened, LogError::Checkpoint(_)), "{opened}");
    std::fs::write(dir.path().join("verifier-keys"), format!("{their_key}\n")).unwrap();
    assert!(verify(dir.path(), &Expect::default()).is_err(), "the mark");
    std::fs::remove_file(dir.path().join("mark")).unwrap();
    let fooled = verify(dir.path(), &Expect::default()).unwrap();
    assert_eq!((fooled.key, fooled.unchecked.len()), (Some(their_key), 2));
    std::fs::write(dir.path().join("verifier-keys"), format!("{key}\n")).unwrap();
    let kept = Expect {
        checkpoint: Some(kept),
        ..Expect::default()
    };
    assert!(verify(dir.path(), &kept).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_was_cut_off_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 3).await;
    let bytes = records_of(dir.path());
    let last = bytes.iter().rposition(|byte| *byte == 0x1e).unwrap();
    std::fs::write(dir.path().join("records.log"), &bytes[..last]).unwrap();
    let opened = Log::open(dir.path(), keys(), SMALL).unwrap_err();
    assert!(
        matches!(opened, LogError::Damaged(ref bad) if bad.record == 6),
        "{opened}"
    );
    let checked = verify(dir.path(), &Expect::default()).unwrap_err();
    assert!(
        matches!(
            checked,
            VerifyError::Cut {
                missing: 6,
                last: 5,
                expected: 6
            }
        ),
        "{checked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_state_is_missed_by_who_kept_a_checkpoint() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    closed(dir.path(), 2).await;
    for file in ["records.log", "checkpoint", "verifier-keys"] {
        std::fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
    }
    closed(dir.path(), 2).await;
    let kept = Expect {
        checkpoint: Some(std::fs::read_to_string(dir.path().join("checkpoint")).unwrap()),
        ..Expect::default()
    };
    assert_eq!(verify(dir.path(), &kept).unwrap().records, 8);
    let restored = verify(copy.path(), &kept).unwrap_err();
    assert!(
        matches!(
            restored,
            VerifyError::Cut {
                missing: 5,
                last: 4,
                expected: 8
            }
        ),
        "{restored}"
    );
    // Who kept nothing is told that this could not be seen.
    let alone = verify(copy.path(), &Expect::default()).unwrap();
    assert!(alone.unchecked[0].contains("put back to an older state"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_are_never_believed_and_are_made_again() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 300).await;
    let tile = dir.path().join("tile/0/000");
    let good = std::fs::read(&tile).unwrap();
    let log = open(dir.path());
    let mut bad = good.clone();
    bad[5] ^= 1;
    std::fs::write(&tile, &bad).unwrap();
    let refused = log.receipt(3).unwrap_err();
    assert!(matches!(refused, LogError::NoProof(3)), "{refused}");
    drop(log);
    let log = open(dir.path());
    assert_eq!(std::fs::read(&tile).unwrap(), good, "it was believed");
    assert!(log.receipt(3).is_ok());
    std::fs::remove_file(&tile).unwrap();
    assert!(matches!(log.receipt(3), Err(LogError::Tile(_))));
    drop(log);
    let log = open(dir.path());
    assert_eq!(std::fs::read(&tile).unwrap(), good);
    let receipt = log.receipt(3).unwrap();
    assert!(receipt.verify(log.verifier_key()).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_takes_over_and_what_the_old_one_signed_still_counts() {
    let (dir, keystore) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let old = keystore_in(keystore.path());
    let log = Log::open(dir.path(), keys_of(&old), SMALL).unwrap();
    fill(&log, 2).await;
    let old_key = log.verifier_key().clone();
    let receipt = log.receipt(4).unwrap();
    let seal = Seal::KeyFile(keystore.path().join("next"));
    let new = old.rotated(&seal).unwrap().commit().unwrap();
    let handed_over = log.hand_over(&keys_of(&new)).unwrap();
    drop(log);
    // Not by what the old key signed, which whoever has the old root could have signed too.
    let opened = Log::open(dir.path(), keys_of(&new), SMALL).unwrap_err();
    assert!(matches!(opened, LogError::Checkpoint(_)), "{opened}");
    let [(checkpoint, note), (mark, text)] = handed_over;
    std::fs::write(dir.path().join(checkpoint), note).unwrap();
    // Nor with a mark by the old key.
    let opened = Log::open(dir.path(), keys_of(&new), SMALL).unwrap_err();
    assert!(matches!(opened, LogError::Mark), "{opened}");
    std::fs::write(dir.path().join(mark), text).unwrap();
    let log = Log::open(dir.path(), keys_of(&new), SMALL).unwrap();
    assert_ne!(log.verifier_key(), &old_key);
    fill(&log, 1).await;
    drop(log);
    let note: Note = std::fs::read_to_string(dir.path().join("checkpoint"))
        .unwrap()
        .parse()
        .unwrap();
    assert!(Checkpoint::verify(&note, &old_key).is_err());
    assert!(receipt.verify(&old_key).is_ok());
    let kept = Expect {
        checkpoint: Some(receipt.proof.split_once("\n\n").unwrap().1.to_owned()),
        ..Expect::default()
    };
    assert_eq!(verify(dir.path(), &kept).unwrap().records, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_power_cut_the_records_come_to_every_root_that_was_signed() {
    let (disk, shelf) = (Faulty::new(), InMemory::default());
    let log = Log::open_on(disk.clone(), Box::new(shelf.clone()), keys(), SMALL).unwrap();
    let mut signed = Vec::new();
    for round in 0..6_u32 {
        fill(&log, 60).await;
        signed.push(log.publish().unwrap().to_string());
        // Acknowledged to nobody: written, or not, or in part.
        log.append(intent("lost")).unwrap();
        for cut in 0..8_u32 {
            let mut sectors = 0..;
            let written = |sector: u32| (sector + cut).is_multiple_of(round + 2);
            let image = disk.after_power_cut(|| written(sectors.next().unwrap()));
            let again = Log::open_on(Faulty::holding(image), shelf.copy(), keys(), SMALL).unwrap();
            for note in &signed {
                let kept = Expect {
                    checkpoint: Some(note.clone()),
                    ..Expect::default()
                };
                again.verify(&kept).unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_checked_without_the_host_and_a_change_in_any_file_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, 10).await;
    let older = Checkpoint::verify(&log.publish().unwrap(), log.verifier_key()).unwrap();
    fill(&log, 390).await;
    log.publish().unwrap();
    let key = log.verifier_key().clone();
    let out = dir.path().join("out");
    assert_eq!(export(dir.path(), &out).unwrap().size, 800);
    let good = directory::verify(&out, &key, Some(&older)).unwrap();
    assert_eq!((good.checkpoint.size, good.tiles), (800, 5));
    assert!(export(dir.path(), &out).is_err(), "it would overwrite");

    let longer = Checkpoint {
        size: 801,
        ..older.clone()
    };
    let cut = directory::verify(&out, &key, Some(&longer)).unwrap_err();
    assert!(cut.to_string().contains("its end was cut off"), "{cut}");
    let wrong = Checkpoint {
        root: [1; 32],
        ..older
    };
    assert!(directory::verify(&out, &key, Some(&wrong)).is_err());
    let stranger = VerifierKey::new(key.name(), [7; 32]).unwrap();
    assert!(directory::verify(&out, &stranger, None).is_err());
    for path in [
        "checkpoint",
        "tile/0/000",
        "tile/0/003.p/32",
        "tile/1/000.p/3",
        "tile/entries/001",
    ] {
        let path = out.join(path);
        let good = std::fs::read(&path).unwrap();
        for at in [0, 40, good.len() / 2, good.len() - 2] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            let found = directory::verify(&out, &key, None);
            assert!(found.is_err(), "{} at {at}", path.display());
        }
        std::fs::write(&path, &good[..good.len() - 1]).unwrap();
        assert!(directory::verify(&out, &key, None).is_err());
        std::fs::write(&path, &good).unwrap();
    }
    assert!(directory::verify(&out, &key, None).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_publishes_and_who_records_never_wait_for_each_other_without_end() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(open(dir.path()));
    let publishers: Vec<_> = (0..6)
        .map(|_| {
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                for _ in 0..150 {
                    let note = log.publish().unwrap();
                    log.keep_cosigned(&note).unwrap();
                }
            })
        })
        .collect();
    fill(&log, 600).await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while publishers.iter().any(|one| !one.is_finished()) {
        assert!(std::time::Instant::now() < until, "they hang");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_checkpoint_was_taken_away_is_not_opened_and_never_signed_for() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 3).await;
    let checkpoint = dir.path().join("checkpoint");
    std::fs::remove_file(&checkpoint).unwrap();
    let opened = Log::open(dir.path(), keys(), SMALL).unwrap_err();
    assert!(matches!(opened, LogError::Unsigned), "{opened}");
    assert!(!checkpoint.exists(), "it was signed for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_log_is_checked_by_what_it_knows_and_not_by_what_lies_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, 3).await;
    let good = records_of(dir.path());
    // Another history under the same first line, as long; the checkpoint is taken away.
    let disk = Faulty::holding(good[..HEADER].to_vec());
    let theirs = Log::open_on(disk.clone(), Box::new(()), keys(), SMALL).unwrap();
    for number in 0..3 {
        let begun = theirs.append(intent(&format!("x-{number}"))).unwrap();
        let ended = theirs.append(outcome(begun.seq())).unwrap();
        theirs.durable(&ended).await.unwrap();
    }
    drop(theirs);
    let records = dir.path().join("records.log");
    std::fs::write(&records, disk.bytes()).unwrap();
    std::fs::remove_file(dir.path().join("checkpoint")).unwrap();
    let found = log.verify(&Expect::default()).unwrap_err();
    assert!(matches!(found, VerifyError::Rewritten(6)), "{found}");
    std::fs::write(&records, good).unwrap();
    log.verify(&Expect::default()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_power_cut_took_beside_the_log_is_laid_there_again_by_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 3).await;
    for path in ["verifier-keys", "tile/0/000.p/6"] {
        let path = dir.path().join(path);
        let good = std::fs::read(&path).unwrap();
        for bad in [None, Some(&good[..3])] {
            match bad {
                None => std::fs::remove_file(&path).unwrap(),
                Some(bad) => std::fs::write(&path, bad).unwrap(),
            }
            drop(open(dir.path()));
            assert_eq!(std::fs::read(&path).unwrap(), good);
        }
    }
    // And of edges that are no more, none is left.
    closed(dir.path(), 3).await;
    let edge = std::fs::read_dir(dir.path().join("tile/0/000.p")).unwrap();
    assert_eq!(edge.count(), 1);
}
