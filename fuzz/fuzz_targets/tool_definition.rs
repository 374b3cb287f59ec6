//! See `vouchsafe_fuzz_targets::upstream::tool_definition`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vouchsafe_fuzz_targets::upstream::tool_definition(bytes));
