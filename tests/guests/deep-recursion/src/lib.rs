//! Calls itself until the stack ends.

use std::hint::black_box;

vouchsafe_sdk::skill!(Recursion);

struct Recursion;

impl recursion::Guest for Recursion {
    fn descend(depth: u64) -> u64 {
        deeper(depth)
    }
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 4]);
    if depth == 0 {
        0
    } else {
        black_box(deeper(depth - 1)) + frame[0].min(1)
    }
}
