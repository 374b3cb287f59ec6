//! From rules that spoke to one kind, and how sure that is.

use crate::rules::Found;
use crate::{Candidate, Classification, Kind, Place, Reason};

/// Fewer points than this say nothing.
const ENOUGH: u32 = 4;
/// Doubt that remains however clear the rules are; a format that names its kind leaves less.
const DOUBT: u32 = 4;
const CERTAIN: u8 = 99;
const MOST_REASONS: usize = 10;

/// In the order in which kinds win when points are equal: the more particular first.
const KINDS: [Kind; 10] = [
    Kind::Reminder,
    Kind::CreditNote,
    Kind::OrderConfirmation,
    Kind::DeliveryNote,
    Kind::Receipt,
    Kind::Quotation,
    Kind::Order,
    Kind::Invoice,
    Kind::Contract,
    Kind::Letter,
];

/// The answer when the format itself names the kind.
pub(crate) fn certain(kind: Kind, rule: &str) -> Classification {
    let reason = Reason {
        rule: rule.to_owned(),
        place: Place::Structure,
        points: 100,
    };
    Classification {
        kind,
        confidence: CERTAIN,
        reasons: vec![reason],
        others: Vec::new(),
    }
}

/// The answer from phrases.
pub(crate) fn judge(found: Vec<Found>) -> Classification {
    let mut candidates: Vec<Candidate> = KINDS
        .iter()
        .map(|kind| Candidate {
            kind: *kind,
            points: points(&found, *kind),
        })
        .filter(|candidate| candidate.points > 0)
        .collect();
    // Stable, so that equals stay in the order of `KINDS`.
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.points));
    let best = candidates
        .first()
        .filter(|best| best.points >= ENOUGH)
        .cloned();
    let Some(best) = best else {
        return Classification {
            kind: Kind::Unknown,
            confidence: 0,
            reasons: Vec::new(),
            others: candidates,
        };
    };
    let others = candidates.split_off(1);
    let second = others.first().map_or(0, |second| second.points);
    Classification {
        kind: best.kind,
        confidence: confidence(best.points, second),
        reasons: reasons(&found, best.kind),
        others,
    }
}

fn points(found: &[Found], kind: Kind) -> u32 {
    found
        .iter()
        .filter(|it| it.kind == kind)
        .fold(0, |sum, it| sum.saturating_add(it.points))
}

fn confidence(best: u32, second: u32) -> u8 {
    let all = best.saturating_add(second).saturating_add(DOUBT);
    let share = best.saturating_mul(100).checked_div(all).unwrap_or(0);
    u8::try_from(share).unwrap_or(CERTAIN).min(CERTAIN)
}

fn reasons(found: &[Found], kind: Kind) -> Vec<Reason> {
    let mut spoke: Vec<&Found> = found.iter().filter(|it| it.kind == kind).collect();
    spoke.sort_by_key(|it| std::cmp::Reverse(it.points));
    let reason = |it: &Found| Reason {
        rule: it.rule.to_owned(),
        place: it.place,
        points: it.points,
    };
    spoke.into_iter().take(MOST_REASONS).map(reason).collect()
}
