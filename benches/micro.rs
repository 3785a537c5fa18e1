//! Micro-benchmarks of what needs no disk: records, values, the texts and names of files.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use keyfs::record::{decode, encode};
use keyfs::view::{FileName, file_text, file_text_len};
use keyfs::{Key, Value};

/// The sizes of record that are measured, in bytes, about.
const SIZES: [usize; 2] = [115, 2000];

/// A value that makes a record of about `size` bytes: an object in objects, with strings, numbers and literals.
fn value(size: usize) -> Value {
    const MEMBERS: &str = r#""name": "something", "count": 12345, "ratio": 0.5"#;
    let inner = format!(r#"{{{MEMBERS}, "on": true, "tags": ["red", "gr\u00fcn"]}}"#);
    let more = size.saturating_sub(115).div_ceil(inner.len() + 13);
    let members: String = (0..more).map(|at| format!(r#", "part{at:04}": {inner}"#)).collect();
    Value::parse(&format!("{{{MEMBERS}{members}}}")).unwrap_or_else(|_| Value::null())
}

fn key() -> Key {
    Key::from("section/key-0001234")
}

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn record_decode(bencher: Bencher<'_, '_>, size: usize) {
    let bytes = encode(&key(), Some(&value(size)));
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| decode(black_box(&bytes)));
}

#[divan::bench(args = SIZES)]
fn record_encode(bencher: Bencher<'_, '_>, size: usize) {
    let (key, value) = (key(), value(size));
    let bytes = encode(&key, Some(&value)).len();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| encode(black_box(&key), Some(black_box(&value))));
}

#[divan::bench(args = SIZES)]
fn value_parse(bencher: Bencher<'_, '_>, size: usize) {
    let value = value(size);
    bencher.counter(BytesCount::of_str(value.text())).bench_local(|| Value::parse(black_box(value.text())));
}

#[divan::bench(args = SIZES)]
fn text_of_file(bencher: Bencher<'_, '_>, size: usize) {
    let value = value(size);
    bencher.counter(BytesCount::of_str(value.text())).bench_local(|| file_text(black_box(&value)));
}

#[divan::bench(args = SIZES)]
fn text_of_file_length(bencher: Bencher<'_, '_>, size: usize) {
    let value = value(size);
    bencher.counter(BytesCount::of_str(value.text())).bench_local(|| file_text_len(black_box(&value)));
}

/// A plain key, and one that is full of what a file name cannot hold.
const KEYS: [&str; 2] = ["settings.theme.dark", "a/b/c\nd/../\u{7f}é%41"];

#[divan::bench(args = KEYS)]
fn name_of_key(bencher: Bencher<'_, '_>, key: &str) {
    let key = Key::from(key);
    bencher.counter(BytesCount::of_slice(key.as_wtf8())).bench_local(|| FileName::of_key(black_box(&key)));
}

#[divan::bench(args = KEYS)]
fn name_parse(bencher: Bencher<'_, '_>, key: &str) {
    let name = FileName::of_key(&Key::from(key));
    let bytes = name.as_str().as_bytes();
    bencher.counter(BytesCount::of_slice(bytes)).bench_local(|| FileName::parse(black_box(bytes)));
}
