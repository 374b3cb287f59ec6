//! What a skill may do during a call is what its tool declares, and each refusal names the line.
#![cfg(test)]

mod common;

use common::{House, about, ok};
use vouchsafe_audit::Kind;
use vouchsafe_clearance::{About, Code, EffectKind};
use vouchsafe_package::Effect;

fn http(method: &str) -> EffectKind {
    EffectKind::Http {
        method: method.to_owned(),
        reads: false,
    }
}

#[test]
fn during_a_read_every_write_is_refused() {
    let house = House::new();
    let cleared = house.clear("look").unwrap();
    let gate = cleared.effects();
    let reads = [
        http("GET"),
        http("HEAD"),
        EffectKind::StateRead,
        EffectKind::Skill(Effect::Read),
    ];
    for kind in reads {
        gate.check(&kind, "place").unwrap();
    }
    gate.check(
        &EffectKind::Http {
            method: "POST".into(),
            reads: true,
        },
        "place",
    )
    .unwrap();
    let writes = [
        http("POST"),
        http("PUT"),
        http("DELETE"),
        http("OPTIONS"),
        http("get"),
        http("get\u{0}"),
        EffectKind::StateWrite,
        EffectKind::Publish,
        EffectKind::Skill(Effect::Write),
        EffectKind::Skill(Effect::Irreversible),
    ];
    let count = writes.len();
    for kind in writes {
        let refusal = gate.check(&kind, "place").unwrap_err();
        assert_eq!(refusal.code, Code::NotThisEffect);
        assert!(
            refusal
                .fix
                .starts_with("skill.toml: under `[tools.look]`, write `effect = "),
            "{}",
            refusal.fix
        );
        assert!(gate.clear((), about(&kind, "place")).is_err());
    }
    let parent = cleared.seq();
    cleared.finish(ok()).unwrap();
    house.gate.flush_refusals();
    let records = house.records();
    let refusals: Vec<_> = records
        .iter()
        .filter(|record| record.kind == Kind::Refusal)
        .collect();
    assert!(
        refusals
            .iter()
            .all(|record| record.parent == Some(parent) && record.skill.is_some())
    );
    assert_eq!(
        refusals
            .iter()
            .filter_map(|record| record.count)
            .sum::<u64>(),
        2 * count as u64
    );
}

#[test]
fn during_a_write_what_cannot_be_undone_is_refused() {
    let house = House::new();
    let cleared = house.clear("note").unwrap();
    let gate = cleared.effects();
    for kind in [
        http("POST"),
        EffectKind::StateWrite,
        EffectKind::Publish,
        EffectKind::Skill(Effect::Write),
    ] {
        gate.check(&kind, "place").unwrap();
    }
    let refusal = gate
        .check(&EffectKind::Skill(Effect::Irreversible), "acme:erp")
        .unwrap_err();
    assert!(
        refusal.detail().contains("effect = \"irreversible\""),
        "{}",
        refusal.detail()
    );
    assert_eq!(
        refusal.to_string(),
        "NOT_THIS_EFFECT: the tool may not do this"
    );
}

#[tokio::test]
async fn an_effect_is_recorded_inside_its_call() {
    let house = House::new();
    let cleared = house.clear("note").unwrap();
    let input = house.gate.commit(b"body").unwrap();
    let part = cleared
        .effects()
        .clear(
            (),
            About {
                rule: Some("bank: POST /payments".to_owned()),
                input: Some(input),
                ..about(&http("POST"), "https://bank.corp.internal:8443")
            },
        )
        .unwrap();
    part.durable().await.unwrap();
    part.finish(ok()).unwrap();
    let call = cleared.seq();
    cleared.finish(ok()).unwrap();
    let records = house.records();
    let kinds: Vec<_> = records.iter().map(|record| record.kind).collect();
    assert_eq!(
        kinds,
        [Kind::Intent, Kind::Intent, Kind::Outcome, Kind::Outcome]
    );
    assert_eq!(records[1].parent, Some(call));
    assert_eq!(records[1].action.as_deref(), Some("http"));
    assert_eq!(
        records[1].place.as_deref(),
        Some("https://bank.corp.internal:8443")
    );
    assert_eq!(records[1].rule.as_deref(), Some("bank: POST /payments"));
    assert_eq!(records[1].principal, records[0].principal);
    assert!(house.log.opens(records[1].input.as_ref().unwrap(), b"body"));
}

#[test]
fn no_effect_begins_in_a_call_that_ended() {
    let house = House::new();
    let cleared = house.clear("note").unwrap();
    let gate = cleared.effects();
    cleared.finish(ok()).unwrap();
    assert_eq!(
        gate.clear((), about(&EffectKind::Publish, "channel"))
            .unwrap_err()
            .code,
        Code::NotRecorded
    );
}
