//! Every way in which a call can end leaves one record that says so, and nothing runs that was not cleared.
#![cfg(test)]

#[path = "call/house.rs"]
mod house;

use house::House;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use vouchsafe_audit::{Kind, Status};
use vouchsafe_runtime::{Answer, CallError};

#[tokio::test]
async fn each_end_has_its_word_in_the_answer_and_in_the_record() {
    let house = House::new().await;
    let output = |json| Ok(Answer::Output(json));
    for (tool, result, status) in [
        (
            "fine",
            output(json!({ "result": "9007199254740993" })),
            Status::Ok,
        ),
        (
            "mixed",
            Ok(Answer::ToolError(json!("sold"))),
            Status::ToolError,
        ),
        ("trap", Err("TRAP"), Status::Trapped),
        ("spin", Err("OUT_OF_FUEL"), Status::Limit),
        ("grow", Err("OUT_OF_MEMORY"), Status::Limit),
        ("sleep", Err("DEADLINE"), Status::Deadline),
        ("flood", Err("OUTPUT"), Status::Limit),
        ("not-a-number", Err("OUTPUT"), Status::Limit),
    ] {
        let completed = house.call(tool).await;
        assert_eq!(
            completed.result.as_ref().map_err(CallError::code),
            result.as_ref().map_err(|e| *e),
            "{tool}"
        );
        let ends = house.ends().await;
        let end = ends.last().unwrap();
        assert_eq!(end.seq, completed.recorded.unwrap().seq(), "{tool}");
        assert_eq!(end.status, Some(status), "{tool}");
        assert_eq!(end.output.is_some(), result.is_ok(), "{tool}");
        assert_eq!(end.fuel, Some(completed.usage.fuel), "{tool}");
        assert_eq!(
            end.peak_memory,
            Some(completed.usage.peak_memory_bytes),
            "{tool}"
        );
        assert!(
            completed.usage.fuel > 0 && completed.usage.peak_memory_bytes >= 3 << 16,
            "{tool}"
        );
    }
}

#[tokio::test]
async fn a_cancelled_call_says_so_and_so_does_one_whose_caller_went_away() {
    let house = House::new().await;
    let cancel = CancellationToken::new();
    let call = house
        .engine
        .call(house.clear("sleep", vec![]), &house.skill, cancel.clone());
    let (completed, ()) = tokio::join!(call, async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        cancel.cancel();
    });
    assert_eq!(completed.result, Err(CallError::Cancelled));
    assert_eq!(
        house.ends().await.last().unwrap().status,
        Some(Status::Cancelled)
    );

    let call = house.engine.call(
        house.clear("sleep", vec![]),
        &house.skill,
        CancellationToken::new(),
    );
    assert!(
        tokio::time::timeout(Duration::from_millis(30), call)
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    let ends = house.ends().await;
    assert_eq!(
        (ends.len(), ends.last().unwrap().status),
        (2, Some(Status::Cancelled))
    );
}

#[tokio::test]
async fn what_was_cleared_for_other_bytes_does_not_run() {
    let house = House::new().await;
    let other = house.other_skill().await;
    let cleared = house.clear("fine", vec![]);
    let completed = house
        .engine
        .call(cleared, &other, CancellationToken::new())
        .await;
    assert_eq!(completed.result, Err(CallError::OtherSkill));
    assert_eq!(completed.usage.fuel, 0);
    assert_eq!(
        house.ends().await.last().unwrap().status,
        Some(Status::Failed)
    );
}

#[tokio::test]
async fn after_a_kill_nothing_runs_that_was_cleared_before_it() {
    let house = House::new().await;
    let cleared = house.clear("fine", vec![]);
    drop(house.gate.epoch().advance());
    let completed = house
        .engine
        .call(cleared, &house.skill, CancellationToken::new())
        .await;
    assert!(matches!(completed.result, Err(CallError::Superseded(_))));
    assert_eq!(completed.usage.fuel, 0);
    assert_eq!(
        house.ends().await.last().unwrap().status,
        Some(Status::Killed)
    );
}

#[tokio::test]
async fn many_brief_calls_each_have_their_end() {
    let house = House::new().await;
    let calls = (0..500).map(|_| house.call("fine"));
    for completed in futures::future::join_all(calls).await {
        assert!(completed.result.is_ok());
    }
    let ends = house.ends().await;
    assert_eq!(ends.len(), 500);
    assert!(ends.iter().all(|end| end.kind == Kind::Outcome));
}
