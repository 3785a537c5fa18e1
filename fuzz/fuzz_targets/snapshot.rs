#![no_main]

#[path = "../../tests/it/fuzzing/snapshot/mod.rs"]
mod snapshot;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| snapshot::check(bytes));
