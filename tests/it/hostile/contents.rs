//! Bytes of files that are named like records.

/// What is to come of a file.
pub(super) enum Verdict {
    /// It is no record.
    Odd,
    /// It is the record of a key, whose file text this is.
    Good(String, String),
}

use Verdict::{Good, Odd};

pub(super) struct Contents {
    pub(super) what: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) verdict: Verdict,
}

/// The bytes of a good value that is large; without optimisation it would take many seconds to read one of 100 MB.
pub(super) const LARGE: usize = if cfg!(debug_assertions) { 3_000_000 } else { 100_000_000 };

fn with_value(key: &str, value: &str) -> Vec<u8> {
    format!(r#"{{"key": "{key}", "bDeleted": false, "value": {value}}}"#).into_bytes()
}

fn utf16(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| [*byte, 0]).collect()
}

fn odd(what: &'static str, bytes: impl Into<Vec<u8>>) -> Contents {
    Contents { what, bytes: bytes.into(), verdict: Odd }
}

fn good(key: &'static str, value: &str, text: impl Into<String>) -> Contents {
    Contents { what: key, bytes: with_value(key, value), verdict: Good(key.to_owned(), text.into()) }
}

/// Nested arrays as the file text shows them.
fn nested_text(depth: usize) -> String {
    let line = |depth: usize, bracket: &str| format!("{}{bracket}", "  ".repeat(depth));
    let opened = (0..depth - 1).map(|depth| line(depth, "["));
    let closed = (0..depth - 1).rev().map(|depth| line(depth, "]"));
    opened.chain([line(depth - 1, "[]")]).chain(closed).collect::<Vec<_>>().join("\n") + "\n"
}

pub(super) fn all() -> Vec<Contents> {
    let valid = with_value("k", "1");
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let mut all = vec![
        odd("empty", ""),
        odd("one byte", "{"),
        odd("cut", &valid[..valid.len() - 1]),
        odd("cut in the key", &b"{\"key\": \"k"[..]),
        odd("brackets", vec![b'['; LARGE / 10]),
        odd("braces", br#"{"a":"#.repeat(LARGE / 50)),
        odd("backslashes", [b"{\"key\": \"".to_vec(), vec![b'\\'; LARGE / 10]].concat()),
        odd("white space", vec![b' '; LARGE / 10]),
        odd("nesting of 1000", with_value("deep", &nested(1000))),
        odd("nesting of 100,000", with_value("deep", &nested(100_000))),
        odd(
            "nesting of 100,000 objects",
            with_value("deep", &(r#"{"a":"#.repeat(100_000) + "1" + &"}".repeat(100_000))),
        ),
        odd("a byte order mark", [b"\xef\xbb\xbf".to_vec(), valid.clone()].concat()),
        odd("UTF-16", utf16(&valid)),
        odd("UTF-16 with a mark", [b"\xff\xfe".to_vec(), utf16(&valid)].concat()),
        odd("NUL behind", [valid.clone(), vec![0]].concat()),
        odd("NUL in a string", with_value("k", "\"\0\"")),
        odd("only NUL", vec![0; 4096]),
        odd("not UTF-8", [b"{\"key\": \"\xff\"".to_vec(), b", \"bDeleted\": false, \"value\": 1}".to_vec()].concat()),
        odd("a surrogate in bytes", [b"{\"key\": \"\xed\xa0\x80\"".to_vec(), valid[11..].to_vec()].concat()),
        odd("4301 digits", with_value("k", &"9".repeat(4301))),
        odd("two documents", [valid.clone(), valid.clone()].concat()),
        odd("a line of two", [valid.clone(), b"\n".to_vec(), valid.clone()].concat()),
        odd("an array", "[1, 2]"),
        odd("a string", "\"key\""),
        odd("a number", "7"),
        odd("no member", "{}"),
        odd("no value", r#"{"key": "k", "bDeleted": false}"#),
        odd("no key", r#"{"bDeleted": false, "value": 1}"#),
        odd("no bDeleted", r#"{"key": "k", "value": 1}"#),
        odd("key a number", r#"{"key": 7, "bDeleted": false, "value": 1}"#),
        odd("key null", r#"{"key": null, "bDeleted": false, "value": 1}"#),
        odd("key an array", r#"{"key": ["k"], "bDeleted": false, "value": 1}"#),
        odd("bDeleted a number", r#"{"key": "k", "bDeleted": 0, "value": 1}"#),
        odd("bDeleted a string", r#"{"key": "k", "bDeleted": "false", "value": 1}"#),
        odd("bDeleted null", r#"{"key": "k", "bDeleted": null, "value": 1}"#),
        odd("a trailing comma", r#"{"key": "k", "bDeleted": false, "value": 1,}"#),
        odd("single quotes", "{'key': 'k', 'bDeleted': false, 'value': 1}"),
        odd("a comment", r#"{"key": "k", "bDeleted": false, "value": 1} // x"#),
        odd("HTML", "<!doctype html><title>502</title>"),
        odd("a program", b"\x7fELF\x02\x01\x01\0".repeat(1000)),
        good("nesting of 999", &nested(999), nested_text(999)),
        good("a long string", &format!("\"{}\"", "x".repeat(LARGE)), format!("\"{}\"\n", "x".repeat(LARGE))),
        good("numbers", "[NaN, -Infinity, 1e400, -0, 1.0]", "[\n  NaN,\n  -Infinity,\n  1e400,\n  -0,\n  1.0\n]\n"),
        good("members twice", r#"{"a": 1, "a": 2}"#, "{\n  \"a\": 2\n}\n"),
        good("a surrogate", r#""\ud800""#, "\"\\ud800\"\n"),
    ];
    let members = (0..LARGE / 100).map(|number| format!("\"{number}\": {number}"));
    let (line, lines) = (members.clone().collect::<Vec<_>>().join(", "), members.collect::<Vec<_>>().join(",\n  "));
    all.push(good("many members", &format!("{{{line}}}"), format!("{{\n  {lines}\n}}\n")));
    let twice = r#"{"key": "not this", "key": "a key twice", "bDeleted": true, "bDeleted": false, "value": 0, "value": 1, "x": {}}"#;
    all.push(Contents {
        what: "members of the record twice",
        bytes: twice.into(),
        verdict: Good("a key twice".to_owned(), "1\n".to_owned()),
    });
    all
}
