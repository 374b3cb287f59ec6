//! A flood of refusals fills no disk.
#![cfg(test)]

mod common;

use common::{House, decision};
use vouchsafe_audit::Kind;
use vouchsafe_clearance::EffectKind;
use vouchsafe_policy::Principal;

#[test]
fn equal_refusals_are_one_record_and_a_count() {
    let house = House::new();
    for _ in 0..5000 {
        house.clear("wipe").unwrap_err();
    }
    house.gate.flush_refusals();
    let counts: Vec<_> = house.records().iter().map(|record| record.count).collect();
    assert_eq!(counts, [Some(1), Some(4999)]);
    house.gate.flush_refusals();
    assert_eq!(house.records().len(), 2);
}

#[test]
fn refusals_that_are_all_different_are_counted_together() {
    let house = House::new();
    for agent in 0..600 {
        let principal = Principal::local(&format!("agent-{agent}"));
        for number in 0..50 {
            let tool = format!("tool-{number}");
            let admitted = house.gate.admit(&principal).unwrap();
            let decided = decision(&principal, &tool);
            let mut call = house.call("look");
            call.tool = tool;
            house.gate.clear(admitted, call, decided).unwrap_err();
        }
    }
    house.gate.flush_refusals();
    let records = house.records();
    assert!(records.iter().all(|record| record.kind == Kind::Refusal));
    assert_eq!(
        records
            .iter()
            .filter_map(|record| record.count)
            .sum::<u64>(),
        600 * 50
    );
    assert!(records.len() < 1100, "{} records", records.len());
}

#[test]
fn a_skill_that_floods_takes_no_kinds_away_from_another() {
    let house = House::new();
    let principal = Principal::local("agent");
    let cleared = |skill: &str| {
        let mut call = house.call("look");
        call.skill = skill.parse().unwrap();
        let admitted = house.gate.admit(&principal).unwrap();
        let decided = decision(&principal, "look");
        house.gate.clear(admitted, call, decided).unwrap()
    };
    let (loud, quiet) = (cleared("acme:loud"), cleared("acme:quiet"));
    let write = EffectKind::StateWrite;
    for number in 0..100 {
        let place = format!("store {number}");
        loud.effects().check(&write, &place).unwrap_err();
    }
    quiet.effects().check(&write, "quiet store").unwrap_err();
    let is_told = |record: &vouchsafe_audit::Record| record.place.as_deref() == Some("quiet store");
    assert!(house.records().iter().any(is_told));
}

#[test]
fn the_counts_are_recorded_when_the_gate_goes() {
    let house = House::new();
    for _ in 0..10 {
        house.clear("wipe").unwrap_err();
    }
    let House { log, gate, disk } = house;
    drop(gate);
    let house = House {
        gate: vouchsafe_clearance::Clearance::new(log.clone()),
        log,
        disk,
    };
    assert_eq!(
        house
            .records()
            .iter()
            .filter_map(|record| record.count)
            .sum::<u64>(),
        10
    );
}
