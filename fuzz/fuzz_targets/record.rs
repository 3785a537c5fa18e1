#![no_main]

#[path = "../../tests/it/fuzzing/record.rs"]
mod record;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| record::check(bytes));
