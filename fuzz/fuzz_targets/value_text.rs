#![no_main]

#[path = "../../tests/it/fuzzing/value_text.rs"]
mod value_text;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| value_text::check(bytes));
