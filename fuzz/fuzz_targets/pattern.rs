#![no_main]

#[path = "../../tests/it/fuzzing/pattern.rs"]
mod pattern;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pattern::check(bytes));
