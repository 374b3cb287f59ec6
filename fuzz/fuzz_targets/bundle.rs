//! See `vouchsafe_fuzz_targets::signatures::bundle`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::signatures::bundle(bytes));
