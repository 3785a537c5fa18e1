//! Micro-benchmarks: records, values, the texts and names of files, and the index of an open store; none waits for a disk.
#![allow(clippy::expect_used)]

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use keyfs::record::{decode, encode};
use keyfs::view::{FileName, file_text, file_text_shape};
use keyfs::{Identifier, Key, OpenOptions, Store, Value};

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

/// A value of about 2 kB as people write it: in lines, with escapes and letters of many alphabets.
fn value_of_many_letters() -> Value {
    const LINES: [&str; 4] = [
        r#""title": "Grüße aus Köln – „schöne“ Tage""#,
        r#""path": "C:\\Users\\Ada\t\"quoted\"\n""#,
        r#""escaped": "\u00e9\u4e2d\ud83d\ude00""#,
        r#""text": "Привет, мир; 你好，世界; 😀""#,
    ];
    let object = format!("{{\n    {}\n  }}", LINES.join(",\n    "));
    let text = format!("[\n  {}\n]\n", vec![object; 9].join(",\n  "));
    Value::parse(&text).unwrap_or_else(|_| Value::null())
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
fn text_of_file_shape(bencher: Bencher<'_, '_>, size: usize) {
    let value = value(size);
    bencher.counter(BytesCount::of_str(value.text())).bench_local(|| file_text_shape(black_box(&value)));
}

#[divan::bench]
fn value_of_many_letters_parse(bencher: Bencher<'_, '_>) {
    let value = value_of_many_letters();
    bencher.counter(BytesCount::of_str(value.text())).bench_local(|| Value::parse(black_box(value.text())));
}

#[divan::bench]
fn value_of_many_letters_text(bencher: Bencher<'_, '_>) {
    let value = value_of_many_letters();
    bencher.counter(BytesCount::of_str(value.text())).bench_local(|| file_text(black_box(&value)));
}

/// A store of so many keys; its directory is only read when it is opened.
fn store(keys: usize) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let options = OpenOptions::writer(Identifier::new("bench").expect("it is an identifier"));
    let store = Store::open(directory.path(), options).expect("the store can be opened");
    for at in 0..keys {
        store.put(&numbered(at), value(115)).expect("the store can be written");
    }
    (directory, store)
}

fn numbered(at: usize) -> String {
    format!("section/key-{at:07}")
}

/// How many keys are in the index.
const KEYS_IN_INDEX: [usize; 2] = [100, 10_000];

#[divan::bench(args = KEYS_IN_INDEX)]
fn get_hit(bencher: Bencher<'_, '_>, keys: usize) {
    let (_directory, store) = store(keys);
    let key = numbered(keys / 2);
    bencher.bench_local(|| store.get(black_box(&key)).is_ok());
}

#[divan::bench(args = KEYS_IN_INDEX)]
fn get_miss(bencher: Bencher<'_, '_>, keys: usize) {
    let (_directory, store) = store(keys);
    bencher.bench_local(|| store.get(black_box("section/key-none")).is_ok());
}

#[divan::bench(args = KEYS_IN_INDEX)]
fn contains(bencher: Bencher<'_, '_>, keys: usize) {
    let (_directory, store) = store(keys);
    let key = numbered(keys / 2);
    bencher.bench_local(|| store.contains(black_box(&key)));
}

#[divan::bench(args = KEYS_IN_INDEX)]
fn list_keys(bencher: Bencher<'_, '_>, keys: usize) {
    let (_directory, store) = store(keys);
    bencher.bench_local(|| store.keys());
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
