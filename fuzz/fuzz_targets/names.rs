#![no_main]

#[path = "../../tests/it/fuzzing/names.rs"]
mod names;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| names::check(bytes));
