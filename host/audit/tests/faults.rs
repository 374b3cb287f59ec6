//! Power cuts, failing syncs, full disks: nothing acknowledged is lost, and what can't be recorded is not allowed.
#![cfg(test)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{Faulty, InMemory, SMALL, fill, intent, keys, outcome, unknown};
use proptest::prelude::*;
use vouchsafe_audit::{Control, Entry, Expect, Kind, Log, LogError, Options, Record, Refusal};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
}

fn all(log: &Log) -> Vec<Record> {
    log.records(1).collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_lone_call_waits_for_one_sync_and_not_for_two() {
    let disk = Faulty::new();
    let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
    runtime().block_on(async {
        fill(&log, 1).await;
        let before = disk.syncs();
        for _ in 0..20 {
            let intent = log.append(intent("call")).unwrap();
            let end = log.append(outcome(intent.seq())).unwrap();
            log.durable(&end).await.unwrap();
        }
        assert!(disk.syncs() - before < 30, "{}", disk.syncs() - before);
        // And a record that nobody waits for is there soon all the same.
        let alone = log.append(intent("alone")).unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while log.head().seq < alone.seq() {
            assert!(std::time::Instant::now() < until);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
}

#[test]
fn a_failed_sync_stops_everything() {
    for fail in [Faulty::fail_sync, Faulty::fail_write] {
        let disk = Faulty::new();
        let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
        runtime().block_on(async {
            fill(&log, 1).await;
            let open = log.append(intent("open")).unwrap();
            log.durable(&open).await.unwrap();
            fail(&disk, true);
            let lost = log.append(intent("lost")).unwrap();
            assert!(matches!(
                log.durable(&lost).await,
                Err(LogError::Poisoned(_))
            ));
            fail(&disk, false);
            // Mended or not: what is on disk is not known any more.
            assert!(matches!(
                log.durable(&lost).await,
                Err(LogError::Poisoned(_))
            ));
            assert!(matches!(
                log.durable(&open).await,
                Err(LogError::Poisoned(_))
            ));
            for entry in [
                intent("x"),
                outcome(open.seq()),
                unknown(open.seq()),
                Entry::Control(Control::default()),
            ] {
                assert!(matches!(log.append(entry), Err(LogError::Poisoned(_))));
            }
        });
        drop(log);
        let log = Log::open_on(disk, Box::<InMemory>::default(), keys(), SMALL).unwrap();
        assert!(log.open_intents().is_empty());
        assert_eq!(log.tail(1).next().unwrap().unwrap().kind, Kind::Unknown);
    }
}

#[test]
fn a_full_disk_denies_new_work_and_takes_every_outcome() {
    let disk = Faulty::new();
    let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
    disk.limit(200 * 1024);
    let mut open = Vec::new();
    let refused = loop {
        match log.append(intent(&"c".repeat(500))) {
            Ok(intent) => open.push(intent),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, LogError::Full), "{refused}");
    assert!(open.len() > 20);
    // What is left, small refusals may fill; not what belongs to outcomes and control records.
    let refused = (0..100).find_map(|_| log.append(Entry::Refusal(Refusal::default())).err());
    assert!(matches!(refused, Some(LogError::Full)));
    // A kill can still be recorded.
    for _ in 0..10 {
        log.append(Entry::Control(Control {
            action: "kill".into(),
            ..Control::default()
        }))
        .unwrap();
    }
    runtime().block_on(async {
        for intent in &open {
            let mut end = outcome(intent.seq());
            if let Entry::Outcome(end) = &mut end {
                end.detail = Some("\"\\".repeat(500));
                end.output = Some(log.commit_payload(b"x").unwrap());
                end.resources.fuel = Some(u64::MAX);
                end.resources.peak_memory = Some(u64::MAX);
                end.resources.duration = Some(std::time::Duration::MAX);
            }
            let end = log.append(end).unwrap();
            log.durable(&end).await.unwrap();
        }
    });
    assert!(log.open_intents().is_empty());
    // Space again: work goes on.
    disk.limit(usize::MAX);
    log.append(intent("c")).unwrap();
}

#[test]
fn control_records_have_their_own_space_and_no_more() {
    let disk = Faulty::new();
    let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
    disk.limit(200 * 1024);
    let open = log.append(intent("c")).unwrap();
    let full = (0..10_000).find_map(|_| log.append(Entry::Control(Control::default())).err());
    assert!(matches!(full, Some(LogError::Full)));
    log.append(outcome(open.seq())).unwrap();
}

#[test]
fn a_slow_disk_holds_back_new_work_only() {
    let disk = Faulty::new();
    let options = Options {
        pending: 0,
        ..SMALL
    };
    let log = Log::open_on(disk, Box::<InMemory>::default(), keys(), options).unwrap();
    let mut open = Vec::new();
    // The writer drains in between, so it may take a few.
    let busy = (0..100_000).find_map(|_| match log.append(intent("c")) {
        Ok(intent) => {
            open.push(intent);
            None
        }
        Err(error) => Some(error),
    });
    assert!(matches!(busy, Some(LogError::Busy(_))));
    for intent in open {
        log.append(outcome(intent.seq())).unwrap();
    }
}

/// What was explored, over all cases.
static STATES: AtomicU64 = AtomicU64::new(0);

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any power cut, at any point of the work, with any part of what was not synced on disk.
    #[test]
    fn a_power_cut_loses_nothing_acknowledged(
        batches in prop::collection::vec(1..12usize, 1..6),
        unsynced in 0..20usize,
        length in 0..400usize,
        choices in prop::collection::vec(prop::collection::vec(any::<bool>(), 64), 8),
    ) {
        let disk = Faulty::new();
        let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
        let name = "n".repeat(length);
        let mut acknowledged = Vec::new();
        runtime().block_on(async {
            for count in batches {
                let recorded: Vec<_> = (0..count).map(|_| log.append(intent(&name)).unwrap()).collect();
                log.durable(recorded.last().unwrap()).await.unwrap();
                acknowledged.extend(recorded);
            }
            disk.fail_sync(true);
            let last = (0..unsynced).map_while(|_| log.append(intent(&name)).ok()).last();
            if let Some(last) = last {
                assert!(log.durable(&last).await.is_err());
            }
        });
        drop(log);
        for choice in choices {
            let mut choice = choice.into_iter().cycle();
            let image = disk.after_power_cut(|| choice.next().unwrap());
            let log = Log::open_on(Faulty::holding(image), Box::<InMemory>::default(), keys(), SMALL).unwrap();
            let found = all(&log);
            for known in &acknowledged {
                prop_assert_eq!(found[known.seq() as usize - 1].seq, known.seq());
            }
            log.verify(&Expect::from(acknowledged.last().map(|last| last.head()))).unwrap();
            prop_assert!(log.open_intents().is_empty());
            STATES.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Every length that a write of a few records can have been torn at, byte by byte.
#[test]
fn a_write_torn_at_any_byte_is_cut_and_said() {
    let disk = Faulty::new();
    let log = Log::open_on(disk.clone(), Box::<InMemory>::default(), keys(), SMALL).unwrap();
    let last = runtime().block_on(async {
        fill(&log, 2).await;
        log.head()
    });
    let before = disk.bytes();
    let written: usize = before.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    disk.fail_sync(true);
    runtime().block_on(async {
        let torn = log.append(intent("torn")).unwrap();
        assert!(log.durable(&torn).await.is_err());
    });
    drop(log);
    let after = disk.bytes();
    let end = after.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    assert!(end > written);
    for cut in written + 1..end {
        for keep_space in [true, false] {
            let mut image = after.clone();
            image[cut..].fill(0);
            if !keep_space {
                image.truncate(cut);
            }
            let log = Log::open_on(
                Faulty::holding(image),
                Box::<InMemory>::default(),
                keys(),
                SMALL,
            )
            .unwrap();
            let found = all(&log);
            assert_eq!(found.len(), 5);
            assert_eq!(found[4].action.as_deref(), Some("recovered"));
            assert_eq!(found[4].facts["after"], "4");
            assert_eq!(found[4].facts["torn_bytes"], (cut - written).to_string());
            log.verify(&Expect::from(Some(last))).unwrap();
        }
    }
}

#[test]
fn one_sync_serves_a_crowd() {
    let disk = Faulty::new();
    let log = Arc::new(
        Log::open_on(
            disk.clone(),
            Box::<InMemory>::default(),
            keys(),
            Options::default(),
        )
        .unwrap(),
    );
    let before = disk.syncs();
    let crowd = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    crowd.block_on(async {
        let waiting: Vec<_> = (0..2000)
            .map(|_| {
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let intent = log.append(intent("c")).unwrap();
                    log.durable(&intent).await.unwrap();
                })
            })
            .collect();
        for one in waiting {
            one.await.unwrap();
        }
    });
    assert!(
        disk.syncs() - before < 2000,
        "{} syncs",
        disk.syncs() - before
    );
}
