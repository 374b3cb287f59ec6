//! Roots and proofs: made from the hashes of complete subtrees, and checked without any.
//!
//! A proof is checked by the algorithms of RFC 9162 (2.1.3.2 and 2.1.4.2), which know nothing of how it was made
//! (RFC 6962, 2.1.1 and 2.1.2): a mistake in one is not hidden by the same mistake in the other.

use crate::hash::{self, Hash};

/// Where hashes of complete subtrees come from.
pub trait Nodes {
    /// Why one could not be had.
    type Error;

    /// The hash over the leaves from `index << level` up to, but without, `(index + 1) << level`.
    ///
    /// # Errors
    /// When it is not there.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// When a hash is not there.
pub fn root<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    match size {
        0 => Ok(hash::empty()),
        size => range(nodes, 0, size),
    }
}

/// The hashes that lead from leaf `index` to the root of the first `size` leaves; none for a leaf that is not in it.
///
/// # Errors
/// When a hash is not there.
pub fn prove_inclusion<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    while index < size && to - from > 1 {
        let middle = from + split(to - from);
        let (beside, rest) = match index < middle {
            true => ((middle, to), (from, middle)),
            false => ((from, middle), (middle, to)),
        };
        path.push(range(nodes, beside.0, beside.1)?);
        (from, to) = rest;
    }
    path.reverse();
    Ok(path)
}

/// The hashes that show that the tree of `old` leaves is the beginning of the tree of `new`.
///
/// # Errors
/// When a hash is not there.
pub fn prove_consistency<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let mut path = Vec::new();
    let (mut from, mut to, mut known) = (0, new, true);
    while (1..=new).contains(&old) && old < to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range(nodes, from, middle)?);
            from = middle;
            known = false;
        }
    }
    if !known {
        path.push(range(nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether `path` leads from `leaf` at `index` to the `root` of a tree of `size` leaves.
pub fn includes(root: &Hash, size: u64, index: u64, leaf: &Hash, path: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut climb, mut hash) = (Climb::new(index, size), *leaf);
    for beside in path {
        let Some(is_left) = climb.rise() else {
            return false;
        };
        hash = match is_left {
            true => hash::node(beside, &hash),
            false => hash::node(&hash, beside),
        };
    }
    climb.is_at_root() && hash == *root
}

/// Whether `path` shows that the tree of `old` leaves with its root is the beginning of the `new` one.
pub fn extends(old: (u64, &Hash), new: (u64, &Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size >= new_size || old_size == 0 {
        let same = old_size == new_size && old_root == new_root;
        let nothing = old_size == 0 && *old_root == hash::empty();
        return path.is_empty() && (same || (nothing && old_size != new_size));
    }
    let mut path = path.iter();
    // What is old to its very end stands for itself.
    let first = match old_size.is_power_of_two() {
        true => Some(old_root),
        false => path.next(),
    };
    let Some(first) = first else { return false };
    let mut climb = Climb::new(old_size - 1, new_size);
    climb.leave_right_edges();
    let (mut from, mut to) = (*first, *first);
    for beside in path {
        let Some(is_left) = climb.rise() else {
            return false;
        };
        if is_left {
            from = hash::node(beside, &from);
            to = hash::node(beside, &to);
        } else {
            to = hash::node(&to, beside);
        }
    }
    climb.is_at_root() && from == *old_root && to == *new_root
}

/// The way from a node to the root: where it is at its level, and where the last one there is.
struct Climb {
    at: u64,
    last: u64,
}

impl Climb {
    /// From leaf `index` of a tree of `size` leaves, which has it.
    fn new(index: u64, size: u64) -> Self {
        Self {
            at: index,
            last: size - 1,
        }
    }

    /// Goes up to the next node that has one beside it, and says whether that one is to the left; `None` at the root.
    fn rise(&mut self) -> Option<bool> {
        if self.last == 0 {
            return None;
        }
        let is_left = self.at & 1 == 1 || self.at == self.last;
        if is_left {
            while self.at & 1 == 0 && self.at != 0 {
                self.up();
            }
        }
        self.up();
        Some(is_left)
    }

    /// Goes up as long as the node is the right one of two.
    fn leave_right_edges(&mut self) {
        while self.at & 1 == 1 {
            self.up();
        }
    }

    fn up(&mut self) {
        self.at >>= 1;
        self.last >>= 1;
    }

    fn is_at_root(&self) -> bool {
        self.last == 0
    }
}

/// The hash over the leaves from `from` to before `to`, where `from` is where a subtree of that size begins.
fn range<N: Nodes>(nodes: &N, mut from: u64, to: u64) -> Result<Hash, N::Error> {
    let mut complete = Vec::new();
    while from < to {
        let level = (to - from).ilog2();
        let level = u8::try_from(level).unwrap_or(63);
        complete.push(nodes.node(level, from >> level)?);
        from += 1 << level;
    }
    let mut complete = complete.into_iter().rev();
    let last = complete.next().unwrap_or_else(hash::empty);
    Ok(complete.fold(last, |right, left| hash::node(&left, &right)))
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}
