//! However a cleared action ends, its intent has one outcome or one `unknown`.
#![cfg(test)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{House, about, ok};
use proptest::prelude::*;
use vouchsafe_audit::{Kind, Record, Why};
use vouchsafe_clearance::{Call, Cleared, Code, EffectKind, StillHeld};

/// The conclusions of the only intent.
fn conclusions(house: &House) -> Vec<Record> {
    let records = house.records();
    let intents = records
        .iter()
        .filter(|record| record.kind == Kind::Intent)
        .count();
    assert_eq!(intents, 1);
    let ends = [Kind::Outcome, Kind::Unknown];
    records
        .into_iter()
        .filter(|record| ends.contains(&record.kind))
        .collect()
}

fn the_unknown(house: &House) -> Why {
    let ends = conclusions(house);
    assert_eq!(ends.len(), 1);
    ends[0].why.unwrap()
}

#[test]
fn dropping_records_that_nothing_is_known() {
    let house = House::new();
    drop(house.clear("note").unwrap());
    assert_eq!(the_unknown(&house), Why::Dropped);
}

#[test]
fn giving_up_records_why_and_what_was_sent() {
    for why in [Why::Cancel, Why::Deadline, Why::Kill] {
        let house = House::new();
        let cleared = house.clear("note").unwrap();
        cleared.note_sent(3);
        cleared.note_sent(4);
        cleared.give_up(why);
        assert_eq!(the_unknown(&house), why);
        assert_eq!(conclusions(&house)[0].sent, Some(7));
    }
}

#[test]
fn a_panic_records_itself() {
    let house = House::new();
    let cleared = house.clear("note").unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _held = cleared;
        panic!("the host's own code failed");
    }));
    assert!(panicked.is_err());
    assert_eq!(the_unknown(&house), Why::Panic);
}

#[test]
fn an_end_after_a_kill_says_so() {
    let house = House::new();
    let cleared = house.clear("note").unwrap();
    house.gate.epoch().advance();
    drop(cleared);
    assert_eq!(the_unknown(&house), Why::Kill);
}

/// What a front end does with a call, with a place to be cut before each step.
async fn handle(house: Arc<House>, cleared: Cleared<Call>, at: tokio::sync::mpsc::Sender<()>) {
    let pause = || async {
        at.send(()).await.ok();
        tokio::task::yield_now().await;
    };
    pause().await;
    cleared.durable().await.unwrap();
    pause().await;
    let part = cleared
        .effects()
        .clear((), about(&EffectKind::StateWrite, "kv"))
        .unwrap();
    pause().await;
    part.durable().await.unwrap();
    pause().await;
    part.finish(ok()).unwrap();
    pause().await;
    let ended = cleared.finish(ok()).unwrap();
    pause().await;
    house.log.durable(&ended).await.unwrap();
}

#[tokio::test]
async fn a_task_aborted_at_any_point_leaves_one_end_for_each_intent() {
    for cut in 1..=7 {
        let house = Arc::new(House::new());
        let cleared = house.clear("note").unwrap();
        let (sender, mut reached) = tokio::sync::mpsc::channel(1);
        let task = tokio::spawn(handle(house.clone(), cleared, sender));
        for _ in 0..cut {
            if reached.recv().await.is_none() {
                break;
            }
        }
        task.abort();
        let aborted = task.await.is_err();
        assert_eq!(aborted, cut < 7);
        let records = house.records();
        for intent in records.iter().filter(|record| record.kind == Kind::Intent) {
            let ends = records
                .iter()
                .filter(|record| record.of == Some(intent.seq))
                .count();
            assert_eq!(ends, 1, "cut at {cut}");
        }
        assert!(house.log.open_intents().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_of_ends_leaves_one_each(ends in prop::collection::vec(0..4u8, 0..24)) {
        let house = House::new();
        let cleared: Vec<_> = ends.iter().map(|_| house.clear("note").unwrap()).collect();
        for (end, cleared) in ends.iter().zip(cleared) {
            match end {
                0 => drop(cleared.finish(ok()).unwrap()),
                1 => cleared.give_up(Why::Deadline),
                2 => drop(cleared),
                _ => {
                    let part = cleared.effects().clear((), about(&EffectKind::Publish, "channel")).unwrap();
                    // The call ends before what it does.
                    drop(cleared);
                    drop(part);
                }
            }
        }
        prop_assert!(house.log.open_intents().is_empty());
        let records = house.records();
        let intents: Vec<_> = records.iter().filter(|record| record.kind == Kind::Intent).collect();
        for intent in intents {
            prop_assert_eq!(records.iter().filter(|record| record.of == Some(intent.seq)).count(), 1);
        }
    }
}

#[tokio::test]
async fn a_kill_stops_the_next_door_and_waits_for_what_is_under_way() {
    let house = House::new();
    let cleared = house.clear("note").unwrap();
    let effects = cleared.effects();
    cleared.still_valid().unwrap();
    let advanced = house.gate.epoch().advance();
    assert_eq!(cleared.still_valid().unwrap_err().code, Code::Stopped);
    assert_eq!(cleared.durable().await.unwrap_err().code, Code::Stopped);
    assert_eq!(
        effects
            .check(&EffectKind::StateRead, "kv")
            .unwrap_err()
            .code,
        Code::Stopped
    );
    assert!(
        effects
            .clear((), about(&EffectKind::StateWrite, "kv"))
            .is_err()
    );
    assert!(matches!(
        advanced.drained(Duration::from_millis(20), |_| true).await,
        Err(StillHeld(_))
    ));
    let advanced = house.gate.epoch().advance();
    drop((cleared, effects));
    let ended = advanced.drained(Duration::from_secs(10), |_| true).await;
    assert_eq!(ended, Ok(()));
}
