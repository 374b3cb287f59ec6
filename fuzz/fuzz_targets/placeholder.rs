//! See `vouchsafe_fuzz_targets::requests::placeholder`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::requests::placeholder(bytes));
