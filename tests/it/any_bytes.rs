//! No bytes in any record file make the store panic, lose another key, or delete the file.

use std::sync::Arc;

use keyfs::Durability::Sync;
use keyfs::record::{Record, decode, encode};
use keyfs::{Error, Identifier, Key, OpenOptions, Store, Timestamp, Value};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::actors::{NOON, TestClock, ask_everything, number, reader, shown, writer};
use crate::memory_directory::{MemoryDirectory, record};

/// A directory with a good record and these bytes under later numbers.
fn beside_a_good_record(files: &[Vec<u8>]) -> MemoryDirectory {
    let directory = MemoryDirectory::new();
    directory.plant(5, "good", Some(1));
    for (at, bytes) in files.iter().enumerate() {
        directory.plant_bytes(10 + at as u128, bytes);
    }
    directory
}

/// A reader and a writer live with the files, the good key included, and delete none that is no record.
#[track_caller]
fn assert_harmless(files: &[Vec<u8>]) {
    let directory = beside_a_good_record(files);
    let names_no_good = |record: Record| record.key != Key::from("good");
    let good_is_left = files.iter().all(|bytes| decode(bytes).map_or(true, names_no_good));
    let store = writer(&directory, Sync);
    for store in [&reader(&directory), &store] {
        ask_everything(store);
        assert!(!good_is_left || shown(store, "good") == Some(1));
    }
    store.put("another", number(2)).unwrap();
    store.synchronize().unwrap();
    assert_eq!(shown(&reader(&directory), "another"), Some(2));
    for (at, bytes) in files.iter().enumerate() {
        if decode(bytes).is_err() {
            assert_eq!(directory.bytes(10 + at as u128).as_ref(), Some(bytes), "an unreadable file was touched");
        }
    }
}

/// Whatever is read can be shown, compared, written and read again.
fn check_record(record: &Record) {
    let written = encode(&record.key, Some(&record.value));
    let again = decode(&written).expect("what was read is written so that it is read again");
    assert_eq!((&again.key, &again.value), (&record.key, &record.value));
    let _ = (record.key.to_string(), record.value.to_line(), record.value.deserialize::<serde_json::Value>());
}

#[derive(Clone, Debug)]
enum Mutation {
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Duplicate(Index, Index),
    Remove(Index, Index),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        let range = |from: &Index, to: &Index| {
            let (from, to) = (from.index(len + 1), to.index(len + 1));
            from.min(to)..from.max(to)
        };
        match self {
            Mutation::Flip(at, bits) if len > 0 => bytes[at.index(len)] ^= bits,
            Mutation::Flip(..) => {}
            Mutation::Cut(at) => bytes.truncate(at.index(len + 1)),
            Mutation::Insert(at, more) => {
                drop(bytes.splice(at.index(len + 1)..at.index(len + 1), more.iter().copied()));
            }
            Mutation::Duplicate(from, to) => {
                let part = bytes[range(from, to)].to_vec();
                bytes.extend(part);
            }
            Mutation::Remove(from, to) => drop(bytes.drain(range(from, to))),
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    let pieces = prop_oneof![
        any::<[u8; 1]>().prop_map(|byte| byte.to_vec()),
        prop::sample::select(vec![r"\ud800", r"\u", "\"", "{", "]", ",", "\0", "\u{feff}", "1e", "-", "NaN", "\\"])
            .prop_map(|text| text.as_bytes().to_vec()),
        Just(vec![0xed, 0xa0, 0x80]),
    ];
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, bits)| Mutation::Flip(at, bits)),
        place().prop_map(Mutation::Cut),
        (place(), pieces).prop_map(|(at, more)| Mutation::Insert(at, more)),
        (place(), place()).prop_map(|(from, to)| Mutation::Duplicate(from, to)),
        (place(), place()).prop_map(|(from, to)| Mutation::Remove(from, to)),
    ]
}

fn valid_record() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec![
        r#"{"key": "k", "bDeleted": false, "value": {"a": [1, 2.5e-3, null, "x\u00e9\ud83c\udf89"]}}"#,
        r#"{"key": "k", "bDeleted": true, "value": null}"#,
        r#"{"key": "\ud800\n", "bDeleted": false, "value": [NaN, -Infinity, 1e400, -0, "\udc00"]}"#,
        r#" {"value":[[[[{"x":{}}]]]],"more":[{"key":0}],"bDeleted":false,"key":""}"#,
    ])
    .prop_map(|text| text.as_bytes().to_vec())
}

fn mutated_record() -> impl Strategy<Value = Vec<u8>> {
    (valid_record(), prop::collection::vec(mutation(), 1..6)).prop_map(|(mut bytes, mutations)| {
        mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        bytes
    })
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn decoding_arbitrary_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(record) = decode(&bytes) {
            check_record(&record);
        }
    }

    #[test]
    fn decoding_mutated_records_never_panics(bytes in mutated_record()) {
        if let Ok(record) = decode(&bytes) {
            check_record(&record);
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_store_lives_with_arbitrary_files(
        files in prop::collection::vec(prop_oneof![mutated_record(), prop::collection::vec(any::<u8>(), 0..80)], 1..5),
    ) {
        assert_harmless(&files);
    }
}

/// Files that have broken other programs.
fn nasty_files() -> Vec<(&'static str, Vec<u8>)> {
    let with_value = |value: &str| format!(r#"{{"key": "k", "bDeleted": false, "value": {value}}}"#).into_bytes();
    let valid = with_value("1");
    let utf16 = |bytes: &[u8]| bytes.iter().flat_map(|byte| [*byte, 0]).collect::<Vec<_>>();
    vec![
        ("empty", Vec::new()),
        ("one byte", b"{".to_vec()),
        ("nesting of 100,000", with_value(&("[".repeat(100_000) + &"]".repeat(100_000)))),
        ("nesting of 100,000 objects", with_value(&(r#"{"a":"#.repeat(100_000) + "1" + &"}".repeat(100_000)))),
        ("10 MB of brackets", vec![b'['; 10_000_000]),
        ("10 MB in a string that never ends", [b"{\"key\": \"".to_vec(), vec![b'a'; 10_000_000]].concat()),
        ("10 MB of backslashes", [b"{\"key\": \"".to_vec(), vec![b'\\'; 10_000_000]].concat()),
        ("UTF-8 with BOM", [b"\xef\xbb\xbf".to_vec(), valid.clone()].concat()),
        ("UTF-16", utf16(&valid)),
        ("UTF-16 with BOM", [b"\xff\xfe".to_vec(), utf16(&valid)].concat()),
        ("padded with NUL", [valid.clone(), vec![0; 4096]].concat()),
        ("only NUL", vec![0; 4096]),
        ("4301 digits", with_value(&"9".repeat(4301))),
        ("-4301 digits", with_value(&format!("-{}", "9".repeat(4301)))),
        ("two records", [valid.clone(), valid.clone()].concat()),
        ("cut", valid[..valid.len() - 1].to_vec()),
        ("not UTF-8", with_value("\"x\"").into_iter().map(|byte| if byte == b'x' { 0xff } else { byte }).collect()),
        ("WTF-8", [b"{\"key\": \"\xed\xa0\x80\"".to_vec(), b", \"bDeleted\": false, \"value\": 1}".to_vec()].concat()),
        ("no object", b"[1, 2]".to_vec()),
        ("bDeleted a number", br#"{"key": "k", "bDeleted": 0, "value": 1}"#.to_vec()),
        ("key a number", br#"{"key": 7, "bDeleted": false, "value": 1}"#.to_vec()),
    ]
}

#[test]
fn nasty_files_are_left_alone_and_reported() {
    for (what, bytes) in nasty_files() {
        assert!(decode(&bytes).is_err(), "{what} was read");
        let directory = beside_a_good_record(std::slice::from_ref(&bytes));
        let store = writer(&directory, Sync);
        assert_eq!(store.oddities().unreadable.len(), 1, "{what}");
        assert!(store.oddities().unreadable[0].reason.to_string().len() < 500, "{what}: a report too long to read");
        assert_harmless(&[bytes]);
    }
}

#[test]
fn odd_values_that_the_original_reads_are_read() {
    let with_value = |value: &str| format!(r#"{{"key": "k", "bDeleted": false, "value": {value}}}"#).into_bytes();
    for value in ["9".repeat(4300), "[".repeat(980) + &"]".repeat(980), "1e400".into(), "NaN".into(), "-0".into()] {
        let store = reader(&beside_a_good_record(&[with_value(&value)]));
        assert_eq!(store.get("k").unwrap().map(|value| value.text().to_owned()), Some(value));
        assert_harmless(&[with_value(store.get("k").unwrap().unwrap().text())]);
    }
}

/// "`put`: `TooLarge`."
#[test]
fn files_beyond_the_limit_and_what_is_no_file_are_left_alone() {
    let directory = beside_a_good_record(&[record("large", Some(1))]);
    directory.plant_irregular(20);
    directory.plant_foreign_names(3);
    let options = OpenOptions::writer(Identifier::from(7)).durability(Sync).record_limit(46);
    let store =
        Store::with_directory(Box::new(directory.clone()), options.clock(Arc::new(TestClock::at(NOON)))).unwrap();
    ask_everything(&store);
    let oddities = store.oddities();
    assert_eq!((oddities.unreadable.len(), oddities.foreign_names), (2, 3));
    assert_eq!(shown(&store, "good"), Some(1));
    assert!(matches!(store.put("k", Value::string(&"x".repeat(50))), Err(Error::TooLarge { .. })));
    store.put("k", number(1)).unwrap();
    assert_eq!(directory.names().len(), 4);
}

/// "A put goes above every number that this process has seen for the key." "Own last plus one (the third part of the
/// rule for new numbers) counts only numbers that came from the clock: a put that had to go above a record from the
/// year 9999 does not drag the puts of other keys there."
#[test]
fn a_record_from_the_far_future_is_honoured_and_puts_go_above_it() {
    let year_9999 = 253_402_300_799_999_999;
    for number_of in [year_9999, u128::from(u64::MAX), 10u128.pow(30), u128::MAX - 1] {
        let directory = beside_a_good_record(&[]);
        directory.plant(number_of, "k", Some(1));
        let store = writer(&directory, Sync);
        assert_eq!(store.put("k", number(2)).unwrap(), Timestamp::from_micros(number_of + 1));
        assert!(store.put("good", number(3)).unwrap().as_micros() < u128::from(NOON) + 100, "others follow the clock");
        let fresh = reader(&directory);
        assert_eq!((shown(&fresh, "k"), shown(&fresh, "good")), (Some(2), Some(3)));
    }
}

/// "`put`: `NoTimestampLeft`."
#[test]
fn above_the_greatest_number_nothing_can_be_put_but_other_keys_go_on() {
    for value in [Some(1), None] {
        let directory = beside_a_good_record(&[]);
        directory.plant(u128::MAX, "k", value);
        let store = writer(&directory, Sync);
        assert_eq!(shown(&store, "k"), value);
        let failure = store.put("k", number(2)).unwrap_err();
        assert!(matches!(failure, Error::NoTimestampLeft { .. }) && failure.to_string().contains('k'), "{failure}");
        assert_eq!((store.remove("k").is_err(), shown(&store, "k")), (value.is_some(), value));
        store.put("good", number(3)).unwrap();
        store.remove("good").unwrap();
        assert_eq!((directory.staged(), directory.names().len()), (0, 2));
    }
}
