//! From single calls to classes of them: boxes in the space of arguments, which together hold exactly the calls that
//! differ, none of them twice.

use std::collections::{BTreeMap, HashMap};

/// Calls of one kind: any combination of the selected choices of each axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: usize,
    /// For each axis the numbers of choices, rising.
    pub(super) selected: Vec<Vec<usize>>,
}

impl Block {
    pub(super) fn points(&self) -> u64 {
        self.selected.iter().map(|axis| axis.len() as u64).product()
    }
}

/// The boxes of every kind but 0. `kinds` has one for each combination of choices, the last axis running fastest.
pub(super) fn boxes(kinds: &[usize], dims: &[usize]) -> Vec<Block> {
    let Some((first, rest)) = dims.split_first() else {
        let kind = kinds.first().copied().unwrap_or_default();
        let selected = Vec::new();
        return (kind != 0)
            .then_some(Block { kind, selected })
            .into_iter()
            .collect();
    };
    let slice = kinds.len().checked_div(*first).unwrap_or_default().max(1);
    let mut alike: HashMap<&[usize], Vec<usize>> = HashMap::new();
    for (choice, slice) in kinds.chunks(slice).enumerate() {
        alike.entry(slice).or_default().push(choice);
    }
    let mut merged: BTreeMap<(usize, Vec<Vec<usize>>), Vec<usize>> = BTreeMap::new();
    for (slice, choices) in alike {
        for Block { kind, selected } in boxes(slice, rest) {
            merged.entry((kind, selected)).or_default().extend(&choices);
        }
    }
    let whole = |((kind, rest), mut choices): ((usize, Vec<Vec<usize>>), Vec<usize>)| {
        choices.sort_unstable();
        let selected = std::iter::once(choices).chain(rest).collect();
        Block { kind, selected }
    };
    merged.into_iter().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_alike_along_an_axis_is_one_box() {
        assert_eq!(boxes(&[0; 6], &[2, 3]), []);
        let all = [Block {
            kind: 1,
            selected: vec![vec![0, 1], vec![0, 1, 2]],
        }];
        assert_eq!(boxes(&[1; 6], &[2, 3]), all);
        let column = [Block {
            kind: 2,
            selected: vec![vec![0, 1], vec![1]],
        }];
        assert_eq!(boxes(&[0, 2, 0, 0, 2, 0], &[2, 3]), column);
    }

    proptest! {
        #[test]
        fn every_call_that_differs_is_in_exactly_one_box_and_no_other_is(kinds in prop::collection::vec(0..3usize, 24)) {
            let mut counted = [0usize; 24];
            for found in boxes(&kinds, &[2, 3, 4]) {
                let [a, b, c] = &found.selected[..] else { panic!("three axes") };
                for ((a, b), c) in a.iter().flat_map(|a| b.iter().map(move |b| (a, b))).flat_map(|ab| c.iter().map(move |c| (ab, c))) {
                    let at = a * 12 + b * 4 + c;
                    prop_assert_eq!(kinds[at], found.kind);
                    counted[at] += 1;
                }
            }
            for (at, kind) in kinds.iter().enumerate() {
                prop_assert_eq!(counted[at], usize::from(*kind != 0));
            }
        }
    }
}
