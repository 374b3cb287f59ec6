//! See `vouchsafe_fuzz_targets::packages::manifest_embedded`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| vouchsafe_fuzz_targets::packages::manifest_embedded(bytes)
);
