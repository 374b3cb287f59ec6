//! See `vouchsafe_fuzz_targets::rules::convert`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::rules::convert(bytes));
