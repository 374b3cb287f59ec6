//! Phrases: kinds of words that follow one another, with few others between them.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Family;
use crate::cut::Cut;
use crate::vocabulary::{Kind, RULES, Rule, WORDS};
use crate::words::{Word, folded};

/// The phrases among `words`.
pub(crate) fn look(words: &[Word]) -> Vec<Cut> {
    let kinds: Vec<Kinds> = words.iter().map(of).collect();
    let mut cuts = Vec::new();
    for (at, first) in words.iter().enumerate() {
        for rule in &RULES {
            if let Some(last) = end(rule, &kinds, at).and_then(|last| words.get(last)) {
                let range = first.range.start..last.range.end;
                cuts.push(Cut::new(rule.family, rule.name, range));
            }
        }
    }
    cuts
}

/// A set of kinds, one bit each.
type Kinds = u64;

fn bit(kind: Kind) -> Kinds {
    1_u64.checked_shl(kind as u32).unwrap_or_default()
}

static VOCABULARY: LazyLock<HashMap<String, Kinds>> = LazyLock::new(|| {
    let mut vocabulary: HashMap<String, Kinds> = HashMap::new();
    for (kind, words) in WORDS {
        for word in words.split_whitespace() {
            *vocabulary.entry(folded(word)).or_default() |= bit(kind);
        }
    }
    vocabulary
});

fn of(word: &Word) -> Kinds {
    let known = word.forms.iter().filter_map(|form| VOCABULARY.get(form));
    known.fold(0, |all, one| all | one)
}

/// The last word of the phrase that begins at `at`, if one does.
fn end(rule: &Rule, kinds: &[Kinds], at: usize) -> Option<usize> {
    let (first, rest) = rule.steps.split_first()?;
    (kinds.get(at)? & bit(first.1) != 0)
        .then(|| follow(rest, kinds, at))
        .flatten()
}

fn follow(steps: &[(usize, Kind)], kinds: &[Kinds], at: usize) -> Option<usize> {
    let Some(((between, kind), rest)) = steps.split_first() else {
        return Some(at);
    };
    let next = at.checked_add(1)?;
    let far = next.checked_add(*between)?;
    (next..=far)
        .filter(|place| {
            kinds
                .get(*place)
                .is_some_and(|kinds| kinds & bit(*kind) != 0)
        })
        .find_map(|place| follow(rest, kinds, place))
}

impl Rule {
    pub(crate) const fn new(
        family: Family,
        name: &'static str,
        steps: &'static [(usize, Kind)],
    ) -> Self {
        Self {
            family,
            name,
            steps,
        }
    }
}
