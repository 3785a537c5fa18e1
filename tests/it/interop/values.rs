//! Odd values, both directions.

use keyfs::record::{Reason, limits};
use keyfs::{Store, Value};

use super::{Directory, assert_agree, shown};
use crate::python::Python;

/// Lists within lists.
fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// Values that the original writes too.
fn odd_values() -> Vec<String> {
    let mut values: Vec<_> = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        r#""""#,
        "[]",
        "{}",
        "[[], {}]",
        r#"{"": {"": ""}}"#,
        "123456789012345678901234567890123456789012345678901234567890",
        "-123456789012345678901234567890123456789012345678901234567890",
        "[NaN, Infinity, -Infinity]",
        "[1.0, -0.0, 1e+16, 1e-07, 5e-324, 1.7976931348623157e+308]",
        r#"{"z": 1, "a": 2, "m": {"y": 1, "b": 2}}"#,
        r#"{"1": 1, "01": 2}"#,
        r#""\u0000\u0001\b\t\n\f\r\"\\/\u007f""#,
        r#""\u00e9e\u0301\u6f22\u2028\ufeff\ud83c\udf89""#,
        r#""\ud800""#,
        r#""\udf89\ud83c""#,
        r#"{"\ud800": "\udfff"}"#,
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    values.push(nested(500));
    values.push(nested(limits::WRITE_DEPTH));
    values.push("9".repeat(4300));
    values.push(format!("-{}", "9".repeat(4300)));
    values.push(format!("\"{}\"", "5 MB ".repeat(1 << 20)));
    values
}

/// Values that only a person or our library writes: the original refuses them at the top, or prints them otherwise.
const OURS_ONLY: [&str; 14] = [
    "1.5",
    "-0.0",
    "1.0",
    "1.00",
    "1E2",
    "1e400",
    "-1e400",
    "-0",
    "NaN",
    "Infinity",
    "-Infinity",
    "[-0, 1e400, 1E2]",
    r#"{"a": 1, "b": 2, "a": 3}"#,
    r#"[{"a": {"x": 1}, "\u0061": []}]"#,
];

/// Puts each value under its number.
fn put_all(store: &Store, values: &[&str]) {
    for (number, text) in values.iter().enumerate() {
        store.put(&number.to_string(), Value::parse(text).unwrap()).unwrap();
    }
}

/// Checks that Python reads from the store just what it reads from the texts themselves.
fn assert_read(python: &mut Python, values: &[&str]) {
    let expected = python.normalise(values);
    for (number, (text, expected)) in values.iter().zip(expected).enumerate() {
        assert!(python.get(&number.to_string()) == Some(expected), "{text:.100}");
    }
}

/// "Any JSON value can be stored, and whatever Python's `json.loads` accepts: also `NaN`, `Infinity`, `-Infinity`, and
/// strings with lone surrogates."
#[test]
fn odd_values_of_ours_are_read_by_the_original() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let values = odd_values();
    let values: Vec<_> = values.iter().map(String::as_str).chain(OURS_ONLY).collect();
    put_all(&store, &values);
    let mut python = directory.python("python");
    assert_read(&mut python, &values);
    // What stands in the record is what was put, digit by digit, for a fresh reader of ours too.
    let reader = directory.reader();
    for (number, text) in values.iter().enumerate() {
        assert!(reader.get(&number.to_string()).unwrap() == Some(Value::parse(text).unwrap()), "{text:.100}");
    }
    assert_eq!(python.keys().len(), values.len());
}

#[test]
fn odd_values_of_the_original_are_read_by_us() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut python = directory.python("python");
    let values = odd_values();
    for (number, text) in values.iter().enumerate() {
        python.put(&number.to_string(), text);
    }
    store.synchronize().unwrap();
    for (number, text) in values.iter().enumerate() {
        assert!(shown(&store, &number.to_string()).as_ref() == Some(text), "{text:.100}");
    }
    python.reopen();
    assert_agree(&store, &mut python);
}

#[test]
fn what_only_we_write_replaces_what_the_original_wrote_and_the_other_way_round() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut python = directory.python("python");
    put_all(&store, &OURS_ONLY);
    python.synchronize();
    assert_read(&mut python, &OURS_ONLY);
    for number in 0..OURS_ONLY.len() {
        python.put(&number.to_string(), "[\"theirs\"]");
    }
    store.synchronize().unwrap();
    for number in 0..OURS_ONLY.len() {
        assert_eq!(shown(&store, &number.to_string()).as_deref(), Some("[\"theirs\"]"));
    }
    put_all(&store, &OURS_ONLY);
    python.synchronize();
    assert_read(&mut python, &OURS_ONLY);
}

#[test]
fn top_level_floats_are_refused_by_the_original_alone() {
    let directory = Directory::new();
    let mut python = directory.python("python");
    for text in ["1.5", "NaN", "1e400"] {
        assert_eq!(python.try_put("k", text).unwrap_err().raised, "AssertionError", "{text}");
    }
    let store = directory.writer("rust");
    assert!(store.is_empty());
    store.put("k", Value::parse("1.5").unwrap()).unwrap();
    python.synchronize();
    assert_eq!(python.get("k").as_deref(), Some("1.5"));
}

#[test]
fn the_deepest_value_of_the_original_is_read_and_deeper_than_it_reads_is_refused() {
    let directory = Directory::new();
    let mut python = directory.python("python");
    python.ask(r#""put_nested", "key": "deep", "depth": 980"#).unwrap();
    let store = directory.writer("rust");
    assert_eq!(shown(&store, "deep"), Some(nested(980)));
    let refused = Value::parse(&nested(limits::WRITE_DEPTH + 1)).unwrap_err();
    assert_eq!(refused.reason(), Reason::TooDeep { limit: limits::WRITE_DEPTH });
}

#[test]
fn integers_that_python_cannot_read_are_refused_by_us_and_ignored_in_records_by_both() {
    let digits = "1".repeat(4301);
    assert_eq!(Value::parse(&digits).unwrap_err().reason(), Reason::TooManyDigits);
    let directory = Directory::new();
    directory.write_by_hand(1, format!(r#"{{"key": "k", "bDeleted": false, "value": {digits}}}"#));
    directory.write_by_hand(2, format!(r#"{{"key": "f", "bDeleted": false, "value": {digits}.0}}"#));
    let store = directory.reader();
    let mut python = directory.python("python");
    assert_eq!(python.keys(), ["\"f\""]);
    assert_agree(&store, &mut python);
    assert_eq!(store.oddities().unreadable.len(), 1);
}
