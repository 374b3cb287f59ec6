//! Four kinds of honest work.

use std::collections::BTreeMap;
use std::hint::black_box;

vouchsafe_sdk::skill!(Work);

struct Work;

impl work::Guest for Work {
    fn calls(n: u32) -> u64 {
        fibonacci(n)
    }

    fn arithmetic(n: u32) -> u64 {
        (0..n).fold(1, |state, step| {
            let mixed = state ^ (u64::from(step) << 7);
            mixed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(mixed >> 29)
        })
    }

    fn sorting(n: u32) -> u64 {
        let mut numbers: Vec<u64> = (0..u64::from(n))
            .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        numbers.sort_unstable();
        numbers.get(numbers.len() / 2).copied().unwrap_or(0)
    }

    fn strings(n: u32) -> u64 {
        let text: String = (0..n).map(|i| format!("word{} ", i % 97)).collect();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for word in text.split_whitespace() {
            *counts.entry(word).or_default() += 1;
        }
        counts.values().fold(0, |sum, count| sum ^ count) + text.to_uppercase().len() as u64
    }
}

#[inline(never)]
fn fibonacci(n: u32) -> u64 {
    if n < 2 {
        u64::from(n)
    } else {
        fibonacci(black_box(n - 1)) + fibonacci(black_box(n - 2))
    }
}
