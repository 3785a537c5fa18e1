use std::ops::Range;
use std::str::Utf8Error;

use super::limits::READ_DEPTH;
use super::scanner::{Scanner, Token};
use super::string::unescape;
use super::syntax_error::{Reason, SyntaxError};
use super::{Key, Record, Value};

/// Why bytes are not a record: the original ignores such a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file is empty, as after a power loss that hit a record which nobody had made durable.
    #[error("the file is empty")]
    Empty,
    /// The text is not JSON that the original reads.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The text is JSON, but not an object.
    #[error("the record is not an object")]
    NotAnObject,
    /// One of the three members is missing.
    #[error("the member \"{0}\" is missing")]
    Missing(&'static str),
    /// `key` is not a string.
    #[error("the member \"key\" is not a string")]
    KeyNotAString,
    /// `bDeleted` is neither `true` nor `false`.
    #[error("the member \"bDeleted\" is neither true nor false")]
    DeletedNotABool,
}

/// Where the last value of each member stands; of duplicates the last one counts, as in Python.
#[derive(Default)]
struct Members {
    key: Option<Range<usize>>,
    deleted: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

/// Reads the bytes of a record file.
///
/// Unknown members are ignored, members may come in any order, and white space is free, as in the original. Never
/// recurses and never panics, whatever the bytes.
///
/// # Errors
///
/// [`RecordError`] for everything that the original ignores.
pub fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
    let text = utf8(bytes, std::str::from_utf8(bytes))?;
    let (key, deleted, value) = decode_around(text)?;
    Ok(Record { key, deleted, value: Value::from_checked(&text[value]) })
}

/// As [`decode`], with the bytes given away: a large value is not copied.
///
/// # Errors
///
/// Those of [`decode`].
pub fn decode_owned(bytes: Vec<u8>) -> Result<Record, RecordError> {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return utf8(error.as_bytes(), Err(error.utf8_error())),
    };
    let (key, deleted, value) = decode_around(&text)?;
    Ok(Record { key, deleted, value: Value::from_checked_part(text, value) })
}

fn utf8<T>(bytes: &[u8], text: Result<T, Utf8Error>) -> Result<T, RecordError> {
    Ok(text.map_err(|error| SyntaxError::at(bytes, error.valid_up_to(), Reason::NotUtf8))?)
}

/// Reads a record but for its value: the key, whether it is a tombstone, and where the value stands.
fn decode_around(text: &str) -> Result<(Key, bool, Range<usize>), RecordError> {
    if text.is_empty() {
        return Err(RecordError::Empty);
    }
    let members = scan_members(text)?;
    let key = &text[members.key.ok_or(RecordError::Missing("key"))?];
    let deleted = &text[members.deleted.ok_or(RecordError::Missing("bDeleted"))?];
    let value = members.value.ok_or(RecordError::Missing("value"))?;
    let inner = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(RecordError::KeyNotAString)?;
    let key = Key::from_checked_wtf8(&unescape(inner));
    let deleted = match deleted {
        "true" => true,
        "false" => false,
        _ => return Err(RecordError::DeletedNotABool),
    };
    Ok((key, deleted, value))
}

/// Scans the whole text and finds the members of the outer object.
fn scan_members(text: &str) -> Result<Members, RecordError> {
    // One level more than a value may have: the record itself.
    let mut scanner = Scanner::new(text, READ_DEPTH);
    let mut members = Members::default();
    if scanner.next()? != Some(Token::BeginObject) {
        while scanner.next()?.is_some() {}
        return Err(RecordError::NotAnObject);
    }
    while scanner.next()? == Some(Token::Name) {
        let name = &text[scanner.start() + 1..scanner.end() - 1];
        scanner.whole_value()?;
        let value = Some(scanner.start()..scanner.end());
        match &*unescape(name) {
            b"key" => members.key = value,
            b"bDeleted" => members.deleted = value,
            b"value" => members.value = value,
            _ => {}
        }
    }
    // The object has ended: nothing may follow.
    scanner.next()?;
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_reads(text: &str, key: &str, deleted: bool, value: &str) {
        for record in [decode(text.as_bytes()), decode_owned(text.into())].map(Result::unwrap) {
            assert_eq!((&record.key, record.deleted, record.value.text()), (&Key::from(key), deleted, value), "{text}");
        }
    }

    #[test]
    fn what_the_original_reads_is_read() {
        assert_reads(r#"{"key": "k", "bDeleted": false, "value": {"a": 1}}"#, "k", false, r#"{"a": 1}"#);
        assert_reads(r#"{"key": "k", "bDeleted": true, "value": null}"#, "k", true, "null");
        assert_reads(r#"{"value":[ [1] , 2 ],"bDeleted":false,"key":"k"}"#, "k", false, "[ [1] , 2 ]");
        assert_reads("\r\n{\"key\":\"k\",\t\"bDeleted\":false,\n\"value\":1e400} ", "k", false, "1e400");
        assert_reads(r#"{"more": {"key": "x"}, "key": "k", "bDeleted": false, "value": -0}"#, "k", false, "-0");
        assert_reads(
            r#"{"key": 1, "key": "k", "bDeleted": 0, "bDeleted": false, "value": 1, "value": 2}"#,
            "k",
            false,
            "2",
        );
        assert_reads(
            r#"{"\u006bey": "k", "bDeleted": true, "value": [NaN, -Infinity]}"#,
            "k",
            true,
            "[NaN, -Infinity]",
        );
        assert_reads(r#"{"key": "", "bDeleted": false, "value": "\ud800"}"#, "", false, r#""\ud800""#);
    }

    #[test]
    fn a_large_value_is_the_same_in_the_buffer_that_it_was_read_into() {
        let value = format!("[{}1]", "\"é\", ".repeat(100_000));
        let other = value.len() / 3;
        for around in [0, other, 3 * other, 30 * other] {
            let text =
                format!(r#"{{"more": "{}", "key": "k", "bDeleted": false, "value": {value} }}"#, "x".repeat(around));
            let (kept, copied) = (decode_owned(text.clone().into()).unwrap(), decode(text.as_bytes()).unwrap());
            assert_eq!(kept, copied);
            assert!(kept.value.text() == value && kept.value.clone().text() == value);
        }
    }

    #[test]
    fn what_the_original_ignores_is_refused() {
        let syntax = |text: &[u8]| {
            assert_eq!(decode(text), decode_owned(text.into()));
            matches!(decode(text), Err(RecordError::Syntax(_)))
        };
        assert_eq!(decode(b""), Err(RecordError::Empty));
        assert_eq!(decode_owned(Vec::new()), Err(RecordError::Empty));
        assert_eq!(decode(b"[]"), Err(RecordError::NotAnObject));
        assert_eq!(decode(b"7"), Err(RecordError::NotAnObject));
        assert_eq!(decode(br#"["key", "bDeleted", "value"]"#), Err(RecordError::NotAnObject));
        assert_eq!(decode(br#"{"bDeleted": false, "value": 1}"#), Err(RecordError::Missing("key")));
        assert_eq!(decode(br#"{"key": "k", "value": 1}"#), Err(RecordError::Missing("bDeleted")));
        assert_eq!(decode(br#"{"key": "k", "bDeleted": false}"#), Err(RecordError::Missing("value")));
        assert_eq!(decode(br#"{"key": 1, "bDeleted": false, "value": 1}"#), Err(RecordError::KeyNotAString));
        assert_eq!(decode(br#"{"key": "k", "bDeleted": 0, "value": 1}"#), Err(RecordError::DeletedNotABool));
        assert!(syntax("\u{feff}{\"key\": \"k\", \"bDeleted\": false, \"value\": 1}".as_bytes()));
        assert!(syntax(b"{\"key\": \"\xff\", \"bDeleted\": false, \"value\": 1}"));
        assert!(syntax(b"{\"key\": \"\xed\xa0\x80\", \"bDeleted\": false, \"value\": 1}"));
        assert!(syntax(b"{\"key\": \"k\", \"bDeleted\": false, \"value\": 1}\0"));
        assert!(syntax(b"{\"key\": \"k\", \"bDeleted\": false, \"value\": 1,}"));
        assert!(syntax(b"{\"key\": \"a\nb\", \"bDeleted\": false, \"value\": 1}"));
        assert!(syntax(b"{\"key\": \"k\", \"bDeleted\": false, \"val"));
    }

    #[test]
    fn nesting_up_to_the_limit_is_read_and_beyond_it_is_refused_without_recursion() {
        let record = |depth: usize| {
            let value = "[".repeat(depth) + &"]".repeat(depth);
            format!(r#"{{"key": "k", "bDeleted": false, "value": {value}}}"#)
        };
        assert!(decode(record(991).as_bytes()).is_ok());
        assert!(matches!(decode(record(1000).as_bytes()), Err(RecordError::Syntax(_))));
        assert!(matches!(decode("[".repeat(10_000_000).as_bytes()), Err(RecordError::Syntax(_))));
        assert!(matches!(decode("{\"a\":".repeat(1_000_000).as_bytes()), Err(RecordError::Syntax(_))));
    }
}
