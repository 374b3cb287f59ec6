//! Where a running skill meets the gate: what it tries, and what the operator is told of it.

use crate::lines::plain;
use std::sync::{Arc, Mutex, PoisonError};
use vouchsafe_clearance::{Code, EffectGate, EffectKind, Refusal};

/// Refusals of one call that are told and recorded each. A skill that goes on is told no, and the rest are counted
/// into one record: with that, as many kinds as are told apart of a skill.
const KEPT: usize = 31;

/// What the record of the rest says.
const THE_REST: &str = "more refusals in one call than are told apart";

/// Bytes of what is told of a refusal, in each of its texts.
const TEXT_BYTES: usize = 512;

/// Something that a skill tried and the host did not do. The skill is told little; this is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What was tried, such as `POST https://bank.example:8443`. No path, query or header: these may hold secrets.
    pub what: String,
    /// Why not, and what would allow it.
    pub why: String,
}

/// The effects of one call.
#[derive(Clone)]
pub(crate) struct Door {
    gate: Option<EffectGate>,
    /// With why each was refused but for the effect.
    refused: Arc<Mutex<Vec<(Refused, String)>>>,
}

impl Door {
    /// Without a gate, nothing leaves.
    pub(crate) fn new(gate: Option<EffectGate>) -> Self {
        Self {
            gate,
            refused: Arc::default(),
        }
    }

    /// Refuses `kind` at `place`, for its effect or else for `otherwise`, which the line `fix` would
    /// mend: recorded inside the call and told to the operator, the like only once.
    pub(crate) fn refuse(&self, kind: &EffectKind, place: &str, otherwise: &str, fix: &str) {
        self.refuse_for(kind, place, Refusal::new(Code::NotAllowed, otherwise, fix));
    }

    /// As [`Door::refuse`], for a reason of any kind.
    pub(crate) fn refuse_for(&self, kind: &EffectKind, place: &str, otherwise: Refusal) {
        let reason = otherwise.why.clone();
        let place = cut(plain(place.as_bytes()));
        let what = match kind {
            EffectKind::Http { method, .. } => cut(plain(format!("{method} {place}").as_bytes())),
            _ => place.clone(),
        };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |(known, why): &(Refused, String)| known.what == what && *why == reason;
        if refused.iter().any(is_known) {
            return;
        }
        if refused.len() >= KEPT {
            if let Some(gate) = &self.gate {
                gate.refuse_for(kind, "", Refusal::new(Code::NotAllowed, THE_REST, ""));
            }
            return;
        }
        let why = match &self.gate {
            None => reason.clone(),
            Some(gate) => {
                let effect = gate.check(kind, &place).err();
                let refusal = effect.unwrap_or_else(|| gate.refuse_for(kind, &place, otherwise));
                refusal.detail()
            }
        };
        let why = cut(why);
        refused.push((Refused { what, why }, reason));
    }

    /// The grant that the call is made under.
    pub(crate) fn grant_file(&self) -> Option<&str> {
        let gate = self.gate.as_ref()?;
        Some(&gate.permit().files().file)
    }

    /// What was refused, in order.
    pub(crate) fn take_refused(&self) -> Vec<Refused> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = std::mem::take(&mut *refused);
        refused.into_iter().map(|(refused, _)| refused).collect()
    }
}

/// `text`, at most as long as is told, cut between characters.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_told_once_each_and_not_without_end() {
        let door = Door::new(None);
        for n in 0..1000 {
            for _ in 0..3 {
                door.refuse(
                    &EffectKind::StateWrite,
                    &format!("store {n}\n\u{202e}"),
                    "no",
                    "",
                );
            }
        }
        let refused = door.take_refused();
        assert_eq!(refused.len(), KEPT);
        assert_eq!(refused[1].what, "store 1\\u{a}\\u{202e}");
    }

    #[test]
    fn another_reason_at_the_same_place_is_told_too() {
        let door = Door::new(None);
        for why in ["no", "not that", "no"] {
            door.refuse(&EffectKind::StateRead, "store", why, "");
        }
        let told: Vec<_> = door
            .take_refused()
            .into_iter()
            .map(|told| told.why)
            .collect();
        assert_eq!(told, ["no", "not that"]);
    }

    #[test]
    fn what_is_told_is_short_however_long_the_guest_makes_it() {
        let door = Door::new(None);
        let long = "é".repeat(100_000);
        let post = EffectKind::Http {
            method: long.clone(),
            reads: false,
        };
        door.refuse(&post, &long, &long, &long);
        door.refuse(&EffectKind::StateRead, &long, "no", "");
        for refused in door.take_refused() {
            assert!(refused.what.len() <= TEXT_BYTES && refused.why.len() <= TEXT_BYTES);
            assert!(refused.what.ends_with('é'), "{}", refused.what);
        }
    }
}
