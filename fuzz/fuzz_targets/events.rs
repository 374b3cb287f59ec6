//! See `vouchsafe_fuzz_targets::upstream::events`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::upstream::events(bytes));
