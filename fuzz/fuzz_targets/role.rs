//! See `vouchsafe_fuzz_targets::rules::role`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::rules::role(bytes));
