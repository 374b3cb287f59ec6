//! Rate limit, policy, approval, intent: in this order, and nothing is cleared without each of them.
#![cfg(test)]

mod common;

use std::sync::atomic::Ordering;

use common::{House, decision, granted, ok};
use vouchsafe_audit::{Kind, Status};
use vouchsafe_clearance::Code;
use vouchsafe_policy::Principal;

#[test]
fn what_is_allowed_is_recorded_before_it_is_cleared_and_concluded_after() {
    let house = House::new();
    let cleared = house.clear("look").unwrap();
    assert_eq!(house.kinds(), [Kind::Intent]);
    assert!(cleared.approval().is_none());
    let ended = cleared.finish(ok()).unwrap();
    let records = house.records();
    assert_eq!(records.len(), 2);
    let (intent, outcome) = (&records[0], &records[1]);
    assert_eq!(outcome.seq, ended.seq());
    assert_eq!(
        (outcome.of, outcome.status),
        (Some(intent.seq), Some(Status::Ok))
    );
    assert!(outcome.duration_us.is_some());
    assert_eq!(intent.action.as_deref(), Some("call"));
    assert_eq!(intent.skill.as_deref(), Some("acme:probe"));
    assert_eq!(intent.tool.as_deref(), Some("look"));
    assert_eq!(intent.effect.as_deref(), Some("read"));
    assert_eq!(intent.tenant.as_deref(), Some("local"));
    assert_eq!(intent.digest, Some(granted().package().digest.to_string()));
    assert_eq!(intent.grant, Some(granted().grant_digest().to_string()));
    assert_eq!(intent.policy, Some(granted().policy_digest().to_string()));
    assert!(house.log.opens(intent.input.as_ref().unwrap(), b"{}"));
}

#[test]
fn what_needs_a_person_is_refused_and_recorded_as_a_refusal_alone() {
    let house = House::new();
    let refusal = house.clear("wipe").unwrap_err();
    assert_eq!(refusal.to_string(), "NOT_APPROVED: needs approval");
    let records = house.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].kind, Kind::Refusal);
    assert_eq!(records[0].code.as_deref(), Some("NOT_APPROVED"));
    assert!(
        records[0]
            .detail
            .as_deref()
            .unwrap()
            .contains("can't be undone")
    );
}

#[test]
fn what_is_denied_names_the_line_to_the_operator_and_nothing_to_the_asker() {
    let house = House::new();
    let refusal = house.clear("nothing").unwrap_err();
    assert_eq!(refusal.to_string(), "NOT_ALLOWED: not allowed");
    assert!(
        refusal.detail().contains("to allow it: "),
        "{}",
        refusal.detail()
    );
    assert_eq!(house.records()[0].detail, Some(refusal.detail()));
}

#[test]
fn a_permit_for_another_tool_or_another_principal_clears_nothing() {
    let house = House::new();
    let admitted = house.admit();
    let about_another = decision(admitted.principal(), "look");
    let refusal = house
        .gate
        .clear(admitted, house.call("note"), about_another)
        .unwrap_err();
    assert_eq!(refusal.code, Code::NotAllowed);
    let of_another = decision(&Principal::local("other"), "look");
    let refusal = house
        .gate
        .clear(house.admit(), house.call("look"), of_another)
        .unwrap_err();
    assert_eq!(refusal.code, Code::NotAllowed);
    assert!(!house.kinds().contains(&Kind::Intent));
}

#[test]
fn rules_that_changed_since_the_admission_clear_nothing() {
    let house = House::new();
    let admitted = house.admit();
    let decided = decision(admitted.principal(), "look");
    house.gate.epoch().advance();
    let refusal = house
        .gate
        .clear(admitted, house.call("look"), decided)
        .unwrap_err();
    assert_eq!(refusal.code, Code::Stopped);
    assert_eq!(house.kinds(), [Kind::Refusal]);
    assert!(house.clear("look").is_ok());
}

#[test]
fn who_asks_too_often_does_not_reach_the_gate() {
    let house = House::limited(3);
    for _ in 0..3 {
        house.admit();
    }
    let me = Principal::local("agent");
    for _ in 0..1000 {
        assert_eq!(house.gate.admit(&me).unwrap_err().code, Code::RateLimited);
    }
    assert!(house.gate.admit(&Principal::local("another")).is_ok());
    house.gate.flush_refusals();
    let records = house.records();
    let counts: Vec<_> = records.iter().map(|record| record.count).collect();
    assert_eq!(counts, [Some(1), Some(999)]);
}

#[tokio::test]
async fn nothing_is_cleared_when_the_log_fails() {
    let house = House::new();
    let before = house.clear("look").unwrap();
    before.durable().await.unwrap();
    house.disk.fails.store(true, Ordering::SeqCst);
    let lost = house.clear("look").unwrap();
    assert_eq!(lost.durable().await.unwrap_err().code, Code::NotRecorded);
    assert_eq!(house.clear("look").unwrap_err().code, Code::NotRecorded);
    assert_eq!(before.durable().await.unwrap_err().code, Code::NotRecorded);
    // A kill does not ask the log.
    house.gate.epoch().advance();
    assert_eq!(before.still_valid().unwrap_err().code, Code::Stopped);
}

#[test]
fn nothing_is_cleared_when_the_disk_is_full_but_what_was_cleared_is_concluded() {
    let house = House::new();
    house.disk.full.store(true, Ordering::SeqCst);
    let mut cleared = Vec::new();
    let refusal = loop {
        match house.clear("look") {
            Ok(one) => cleared.push(one),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal.code, Code::NotRecorded);
    assert!(!cleared.is_empty());
    let (count, mut ended) = (cleared.len(), 0);
    for (number, one) in cleared.into_iter().enumerate() {
        if number % 2 == 0 {
            one.finish(ok()).unwrap();
            ended += 1;
        }
    }
    assert!(house.log.open_intents().is_empty());
    let kinds = house.kinds();
    assert_eq!(
        kinds.iter().filter(|kind| **kind == Kind::Outcome).count(),
        ended
    );
    assert_eq!(
        kinds.iter().filter(|kind| **kind == Kind::Unknown).count(),
        count - ended
    );
}
