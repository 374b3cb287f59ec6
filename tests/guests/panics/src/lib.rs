//! Ends in every wrong way.

use std::hint::black_box;

vouchsafe_sdk::skill!(Panics);

struct Panics;

impl panics::Guest for Panics {
    fn panic(message: String) -> String {
        panic!("{message}")
    }
    fn trap(kind: u32) -> u32 {
        match kind {
            0 => black_box(&[1_u32, 2, 3][..])[black_box(7)],
            1 => black_box(1) / black_box(0),
            _ => std::process::abort(),
        }
    }
    fn exit(success: bool) -> String {
        std::process::exit(i32::from(!success))
    }
}
