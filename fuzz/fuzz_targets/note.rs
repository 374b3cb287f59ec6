//! See `vouchsafe_fuzz_targets::proofs::note`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::proofs::note(bytes));
