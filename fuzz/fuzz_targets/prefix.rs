#![no_main]

#[path = "../../tests/it/fuzzing/prefix/mod.rs"]
mod prefix;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| prefix::check(bytes));
