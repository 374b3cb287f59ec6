//! See `vouchsafe_fuzz_targets::proofs::add_checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::proofs::add_checkpoint(bytes));
