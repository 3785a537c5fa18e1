//! Record files, byte by byte: what we write, and what both programs make of files written by neither.

use keyfs::{Key, Value};

use super::{Directory, assert_agree};

/// Values as they are given, and so in forms that a record never has: white space, raw characters, short escapes.
const ORDINARY: [&str; 16] = [
    "null",
    "true",
    "[ ]",
    "{ }",
    "7",
    "-12345678901234567890",
    "\"\"",
    "\"naïve 漢字 🎉 / \\/ \\u00e9 \x7f\"",
    "\"\\ud83c\\udf89 \\ud800 \\u0000\\b\\t\\n\\f\\r\\\"\\\\\"",
    "[1,2.5,-0.0,1e+16,1e-07]",
    "[NaN,Infinity,-Infinity]",
    "{\"b\":1,\"a\":{\"é\":[]}}",
    "\n{ \"x\" : [ { } , [ ] , \"\" ] }\t",
    "[[[[\"deep\"]]]]",
    "{\"\":\"\",\" \":\" \"}",
    "[true,false,null]",
];

#[test]
fn our_records_are_to_the_byte_those_of_the_original() {
    let (ours, theirs) = (Directory::new(), Directory::new());
    let store = ours.writer("rust");
    let mut python = theirs.python("python");
    let keys = ["k", "", "a/b", "é\n\u{7f}\0", "🎉"].map(Key::from);
    let surrogate = Key::from_wtf8(b"\xed\xa0\x80").unwrap();
    for (number, text) in ORDINARY.iter().enumerate() {
        let key = keys.get(number).unwrap_or(&surrogate);
        let timestamp = store.put(key, Value::parse(text).unwrap()).unwrap();
        python.reopen();
        python.put(key, text.trim());
        let last = *theirs.names().last().unwrap();
        let (ours, theirs) = (ours.bytes_of(timestamp.as_micros()), theirs.bytes_of(last));
        assert_eq!(String::from_utf8(ours).unwrap(), String::from_utf8(theirs).unwrap());
    }
    for key in [&keys[0], &surrogate] {
        assert!(store.remove(key).unwrap());
        python.reopen();
        python.remove(key);
        let timestamp = store.version(key).unwrap().timestamp;
        assert_eq!(ours.bytes_of(timestamp.as_micros()), theirs.bytes_of(*theirs.names().last().unwrap()));
    }
}

#[test]
fn our_record_files_have_names_and_modes_like_those_of_the_original() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    directory.writer("rust").put("ours", Value::null()).unwrap();
    directory.python("python").put("theirs", "null");
    let names = directory.names();
    let mode = |name: &u128| directory.records_path().join(name.to_string()).metadata().unwrap().permissions().mode();
    assert_eq!(names.iter().map(|name| name.to_string().len()).collect::<Vec<_>>(), [16, 16]);
    assert_eq!(mode(&names[0]), mode(&names[1]));
}

/// Files that both programs read, and what the key `k` is then.
const READABLE: [(&str, &str); 9] = [
    (r#"{"key": "k", "bDeleted": false, "value": 1, "value": 2}"#, "2"),
    (r#"{"key": "x", "key": "k", "bDeleted": true, "bDeleted": false, "value": 1}"#, "1"),
    (r#"{"value": {"b": 1, "a": 2, "b": 3}, "bDeleted": false, "key": "k"}"#, r#"{"b": 3, "a": 2}"#),
    ("\r\n{\"key\":\"k\",\t\"bDeleted\":false,\n\"value\":[ 1 ,2 ]}\n\n", "[1, 2]"),
    (r#"{"\u006bey": "\u006B", "bDeleted": false, "value": 1e400}"#, "Infinity"),
    (r#"{"key": "k", "bDeleted": false, "value": -0, "more": {"key": "x"}}"#, "0"),
    (r#"{"key": "k", "bDeleted": false, "value": [NaN, -Infinity, 1E2]}"#, "[NaN, -Infinity, 100.0]"),
    (r#"{"key": "k", "bDeleted": false, "value": "\ud83c\udf89\/\ud800"}"#, r#""\ud83c\udf89/\ud800""#),
    (r#"{"key": "k", "bDeleted": false, "value": 0.1e-3}"#, "0.0001"),
];

#[test]
fn records_written_by_hand_mean_the_same_to_both() {
    for (record, value) in READABLE {
        let directory = Directory::new();
        directory.write_by_hand(1_700_000_000_000_000, record);
        let store = directory.reader();
        let mut python = directory.python("python");
        assert_eq!(python.get("k").as_deref(), Some(value), "{record}");
        assert_agree(&store, &mut python);
    }
}

#[test]
fn of_duplicate_members_the_last_one_wins_in_our_types_too() {
    let directory = Directory::new();
    directory.write_by_hand(1, r#"{"key": "k", "bDeleted": false, "value": {"a": 1, "b": 2, "a": 3}}"#);
    let value = directory.reader().get("k").unwrap().unwrap();
    assert_eq!(serde_json::Value::try_from(&value).unwrap(), serde_json::json!({"a": 3, "b": 2}));
    assert_eq!(value.text(), r#"{"a": 1, "b": 2, "a": 3}"#);
}

#[test]
fn files_that_the_original_ignores_are_ignored_and_kept() {
    let directory = Directory::new();
    let mut files: Vec<Vec<u8>> = [
        "",
        "{}",
        "[]",
        "null",
        r#"{"bDeleted": false, "value": 1}"#,
        r#"{"key": "k", "value": 1}"#,
        r#"{"key": "k", "bDeleted": false}"#,
        r#"{"key": 1, "bDeleted": false, "value": 1}"#,
        r#"{"key": "k", "bDeleted": 0, "value": 1}"#,
        r#"{"key": "k", "bDeleted": null, "value": 1}"#,
        r#"{"key": "k", "bDeleted": false, "value": 1,}"#,
        r#"{"key": "k", "bDeleted": false, "value": 01}"#,
        r#"{"key": "k", "bDeleted": false, "value": 1.}"#,
        r#"{"key": "k", "bDeleted": false, "value": "\x"}"#,
        "{\"key\": \"a\nb\", \"bDeleted\": false, \"value\": 1}",
        "{\"key\": \"k\", \"bDeleted\": false, \"value\": 1}\0",
        "{\"key\": \"k\", \"bDeleted\": false, \"value\": 1} x",
        "{\"key\": \"k\", \"bDeleted\": false, \"val",
        "\u{feff}{\"key\": \"k\", \"bDeleted\": false, \"value\": 1}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    files.push(b"{\"key\": \"\xff\", \"bDeleted\": false, \"value\": 1}".to_vec());
    files.push(b"{\"key\": \"\xed\xa0\x80\", \"bDeleted\": false, \"value\": 1}".to_vec());
    for (name, bytes) in files.iter().enumerate() {
        directory.write_by_hand(name as u128 + 1, bytes);
    }
    let store = directory.writer("rust");
    let mut python = directory.python("python");
    assert_eq!(python.keys(), [""; 0]);
    assert_eq!(store.keys(), []);
    assert_eq!(store.oddities().unreadable.len(), files.len());
    store.put("k", Value::null()).unwrap();
    python.put("l", "1");
    store.clear().unwrap();
    for (name, bytes) in files.iter().enumerate() {
        assert_eq!(&directory.bytes_of(name as u128 + 1), bytes);
    }
}
