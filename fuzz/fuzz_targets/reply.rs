//! See `vouchsafe_fuzz_targets::prompts::reply`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::prompts::reply(bytes));
