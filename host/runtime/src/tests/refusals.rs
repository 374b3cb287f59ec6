//! What a skill is refused during a call, in the log.

use super::house::House;
use crate::door::Door;
use vouchsafe_audit::Kind;
use vouchsafe_clearance::EffectKind;

#[tokio::test]
async fn of_a_flood_of_refusals_in_one_call_the_first_are_told_apart_and_the_rest_counted() {
    let house = House::new().await;
    let cleared = house.clear("fine", Vec::new());
    let door = Door::new(Some(cleared.effects()));
    for n in 0..1000 {
        let place = format!("store {n}");
        door.refuse(&EffectKind::StateRead, &place, "it is not granted", "");
    }
    house.gate.flush_refusals();
    let records = house.records().await.into_iter();
    let refusals: Vec<_> = records
        .filter(|record| record.kind == Kind::Refusal)
        .collect();
    let counted: u64 = refusals.iter().filter_map(|record| record.count).sum();
    assert_eq!(counted, 1000);
    assert!(refusals.len() <= 34, "{} records", refusals.len());
    assert!(
        refusals
            .iter()
            .all(|record| record.parent == Some(cleared.seq()))
    );
}
