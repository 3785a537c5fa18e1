use super::duplicates::{DuplicateFinder, Edits};
use super::printer::{Layout, Printer};
use super::reindent::reindent;
use super::sink::{ByteCount, Sink};
use super::walk::Walk;
use crate::record::limits::READ_DEPTH;
use crate::record::scanner::Scanner;
use crate::record::{SyntaxError, Value};

/// The largest text that is printed with indentation, in bytes; a larger one is printed on one line.
///
/// A value nested 1000 deep can grow two thousandfold by indentation alone.
pub const PRETTY_BYTES: u64 = 256 * 1024 * 1024;

/// By how much a text can grow at most: a token is at least one byte long, and gets a comma or a colon, spaces and a
/// line feed.
const GROWTH: u64 = 2 * READ_DEPTH as u64 + 4;

/// The text of a value as a file shows it.
///
/// It is what Python's `json.dumps(value, indent=2, ensure_ascii=False)` prints and a line feed, with numbers as they
/// are written in the record and lone surrogates as escapes. Of members with the same name the last value counts, where
/// the first stands. A text that would be larger than [`PRETTY_BYTES`] is the value on one line. Never recurses.
#[must_use]
pub fn file_text(value: &Value) -> String {
    bounded_text(value.text(), PRETTY_BYTES)
}

/// What is known of a file's text without making it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextShape {
    /// Its length in bytes.
    pub len: u64,
    /// Whether it can be printed from begin to end as the value is read: each member stands where it is shown.
    pub in_order: bool,
}

/// The shape of [`file_text`].
#[must_use]
pub fn file_text_shape(value: &Value) -> TextShape {
    let Plan { bytes, in_order, .. } = Plan::of(value.text(), PRETTY_BYTES);
    TextShape { len: bytes, in_order }
}

/// The value that a file's text means, or `None` when there is none because the text is blank.
///
/// Blank is text of JSON's white space only: spaces, tabs, line feeds and carriage returns.
///
/// # Errors
///
/// [`SyntaxError`] as of [`Value::parse_bytes`].
pub fn parse_file_text(bytes: &[u8]) -> Result<Option<Value>, SyntaxError> {
    let blank = bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    if blank { Ok(None) } else { Value::parse_bytes(bytes).map(Some) }
}

/// The text of a checked value, indented when that takes at most `bound` bytes.
fn bounded_text(text: &str, bound: u64) -> String {
    let surely_within = text.len() as u64 <= bound / GROWTH;
    if surely_within && let Some(printed) = reindent(text, String::with_capacity(2 * text.len() + 1)) {
        return printed;
    }
    let plan = Plan::of(text, bound);
    let room = usize::try_from(plan.bytes).unwrap_or_default();
    if plan.in_order
        && let Some(printed) = reindent(text, String::with_capacity(room))
    {
        return printed;
    }
    print(text, &plan.edits, Printer::new(String::with_capacity(room), plan.layout))
}

/// Prints a text with its edits.
fn print<S: Sink>(text: &str, edits: &Edits, mut printer: Printer<S>) -> S {
    for (token, span) in Walk::new(text, edits) {
        printer.token(token, span);
    }
    printer.finish()
}

/// How a text is going to be printed.
struct Plan {
    edits: Edits,
    layout: Layout,
    bytes: u64,
    /// Whether it is done in one pass.
    in_order: bool,
}

impl Plan {
    /// Counts what printing would take, and decides for one line when it is more than `bound`.
    fn of(text: &str, bound: u64) -> Plan {
        let in_one_pass = reindent(text, ByteCount::default());
        let in_order = in_one_pass.is_some();
        let (edits, bytes) =
            in_one_pass.map_or_else(|| find_and_count(text), |counted| (Edits::default(), counted.bytes()));
        if bytes <= bound {
            return Plan { edits, layout: Layout::Indented, bytes, in_order };
        }
        let bytes = count(text, &edits, Layout::OneLine);
        Plan { edits, layout: Layout::OneLine, bytes, in_order: false }
    }
}

/// The edits, and the length of the indented text with them.
fn find_and_count(text: &str) -> (Edits, u64) {
    let edits = find_edits(text);
    let bytes = count(text, &edits, Layout::Indented);
    (edits, bytes)
}

fn count(text: &str, edits: &Edits, layout: Layout) -> u64 {
    print(text, edits, Printer::new(ByteCount::default(), layout)).bytes()
}

/// The edits that leave each name once.
fn find_edits(text: &str) -> Edits {
    let mut scanner = Scanner::new(text, READ_DEPTH);
    let mut finder = DuplicateFinder::new(text);
    // The text was checked when it became a value: the scanner cannot fail here.
    while let Ok(Some(token)) = scanner.next() {
        finder.token(token, scanner.start(), scanner.end());
    }
    finder.into_edits()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn assert_text(text: &str, expected: &str) {
        let value = Value::parse(text).unwrap();
        let expected = format!("{expected}\n");
        assert_eq!(file_text(&value), expected, "{text}");
        assert_eq!(file_text_shape(&value).len, expected.len() as u64, "length of {text}");
        assert_eq!(bounded_text(value.text(), expected.len() as u64), expected, "counted first: {text}");
    }

    #[test]
    fn values_are_indented_as_python_indents() {
        assert_text("1", "1");
        assert_text(" \"x\" ", "\"x\"");
        assert_text("[ ]", "[]");
        assert_text("{ }", "{}");
        assert_text("[[],{}]", "[\n  [],\n  {}\n]");
        assert_text(r#"{"a":{},"b":[]}"#, "{\n  \"a\": {},\n  \"b\": []\n}");
        assert_text(
            r#"{"z":[1,{"y":[[2]]}],"a":null}"#,
            "{\n  \"z\": [\n    1,\n    {\n      \"y\": [\n        [\n          2\n        ]\n      ]\n    }\n  ],\n  \"a\": null\n}",
        );
        assert_text(r#"[true,false]"#, "[\n  true,\n  false\n]");
    }

    /// "numbers as they are in the record."
    #[test]
    fn numbers_stay_as_they_are_written() {
        assert_text("[1E2,1e400,-0,1.00]", "[\n  1E2,\n  1e400,\n  -0,\n  1.00\n]");
        assert_text("[NaN,Infinity,-Infinity]", "[\n  NaN,\n  Infinity,\n  -Infinity\n]");
    }

    /// "lone surrogates as escapes."
    #[test]
    fn strings_are_readable_but_for_controls_and_lone_surrogates() {
        assert_text(r#""\u00e9\ud83c\udf89\/""#, "\"é🎉/\"");
        assert_text("\"\u{7f}\u{85}\"", "\"\u{7f}\u{85}\"");
        assert_text(r#""\u007f""#, "\"\u{7f}\"");
        assert_text(r#""\u0000\u000A\"\\""#, r#""\u0000\n\"\\""#);
        assert_text(r#"["\uD800x","\ud800\ud83c\udf89"]"#, "[\n  \"\\ud800x\",\n  \"\\ud800🎉\"\n]");
        assert_text(r#"{"\udc00":1}"#, "{\n  \"\\udc00\": 1\n}");
    }

    /// "Of members with the same name the last one counts when the value is shown."
    #[test]
    fn of_duplicate_members_the_last_value_counts_at_the_first_place() {
        assert_text(r#"{"a":1,"a":2}"#, "{\n  \"a\": 2\n}");
        assert_text(r#"{"a":1,"b":2,"a" : [3]}"#, "{\n  \"a\": [\n    3\n  ],\n  \"b\": 2\n}");
        assert_text(r#"{"a":{"x":1},"b":2,"a":3,"b":4,"a":5,"c":6}"#, "{\n  \"a\": 5,\n  \"b\": 4,\n  \"c\": 6\n}");
        assert_text(r#"[{"a":1,"\u0061":2}, 7]"#, "[\n  {\n    \"a\": 2\n  },\n  7\n]");
        assert_text(r#"{"\u0061":1,"a":2}"#, "{\n  \"a\": 2\n}");
        assert_text(r#"{"\ud800":1,"\uD800":2}"#, "{\n  \"\\ud800\": 2\n}");
        assert_text(r#"{"":1,"":2}"#, "{\n  \"\": 2\n}");
        assert_text(r#"{":":1,":":2}"#, "{\n  \":\": 2\n}");
    }

    #[test]
    fn duplicates_may_nest_in_values_that_move_or_vanish() {
        assert_text(
            r#"{"a":{"x":1,"x":2},"a":{"y":3,"z":0,"y":[4]},"b":5}"#,
            "{\n  \"a\": {\n    \"y\": [\n      4\n    ],\n    \"z\": 0\n  },\n  \"b\": 5\n}",
        );
        assert_text(
            r#"{"a":0,"a":{"a":1,"a":{"a":2,"a":{}}}}"#,
            "{\n  \"a\": {\n    \"a\": {\n      \"a\": {}\n    }\n  }\n}",
        );
        assert_text(r#"{"a":{"a":1,"a":2}}"#, "{\n  \"a\": {\n    \"a\": 2\n  }\n}");
    }

    #[test]
    fn nesting_to_the_limit_takes_neither_recursion_nor_quadratic_time() {
        let depth = 890;
        let payload = "0,".repeat(100_000) + "0";
        let text = r#"{"a":0,"a":"#.repeat(depth) + "[" + &payload + "]" + &"}".repeat(depth);
        let line = r#"{"a": "#.repeat(depth) + "[" + &"0, ".repeat(100_000) + "0]" + &"}".repeat(depth) + "\n";
        assert_eq!(bounded_text(Value::parse(&text).unwrap().text(), 1_000_000), line);
    }

    /// "A text that would be larger than 256 MiB is shown on one line instead."
    #[test]
    fn a_text_that_would_be_too_large_is_on_one_line() {
        let bomb = "[".repeat(800) + &"0,".repeat(200_000) + "0" + &"]".repeat(800);
        let line = "[".repeat(800) + &"0, ".repeat(200_000) + "0" + &"]".repeat(800) + "\n";
        let value = Value::parse(&bomb).unwrap();
        assert_eq!(file_text(&value), line);
        assert_eq!(file_text_shape(&value).len, line.len() as u64);
        let text = r#"{"a":1,"b":[],"a":[2, 3]}"#;
        let indented = bounded_text(text, u64::MAX);
        assert_eq!(bounded_text(text, indented.len() as u64), indented);
        assert_eq!(bounded_text(text, indented.len() as u64 - 1), "{\"a\": [2, 3], \"b\": []}\n");
    }

    #[test]
    fn no_text_grows_more_than_the_bound_assumes() {
        let depth = 898;
        for inner in ["[0,0,0,0]", "[[],[]]", r#"{"":0,"":1,"b":0}"#] {
            let text = "[".repeat(depth) + inner + &"]".repeat(depth);
            let printed = bounded_text(Value::parse(&text).unwrap().text(), u64::MAX);
            assert!((printed.len() as u64) < GROWTH * text.len() as u64);
        }
    }

    #[test]
    fn blank_text_is_no_value() {
        for blank in ["", " ", "\n", "\r\n\t \n"] {
            assert_eq!(parse_file_text(blank.as_bytes()), Ok(None), "{blank:?}");
        }
        assert_eq!(parse_file_text(b" 1\n"), Ok(Some(Value::parse("1").unwrap())));
        for wrong in [&b"\x0c"[..], b"\xc2\xa0", b"\0", b"1 2", b"\xff", b"\xef\xbb\xbf1"] {
            assert!(parse_file_text(wrong).is_err(), "{wrong:?}");
        }
    }

    /// A literal, quotes included, that often means the same as another one.
    fn literals() -> impl Strategy<Value = String> {
        let pieces =
            ["a", "\\u0061", "b", "é", "\\u00E9", "\\ud800", "\\udc00", "\\n", "\\/", "/", "\u{7f}", ":", "\\\""];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..3)
            .prop_map(|pieces| format!("\"{}\"", pieces.concat()))
    }

    fn texts(unique_names: bool) -> impl Strategy<Value = String> {
        let scalars = ["0", "-0", "1.50", "1e400", "NaN", "-Infinity", "true", "null", "[]", "{ }", "[ ]"];
        let leaves = prop_oneof![prop::sample::select(scalars.to_vec()).prop_map(str::to_owned), literals()];
        let space = prop::sample::select(vec!["", "", " ", "\n\t"]);
        leaves.prop_recursive(6, 60, 6, move |inner| {
            let array = prop::collection::vec(inner.clone(), 0..5);
            let object = prop::collection::vec((literals(), inner), 0..5);
            prop_oneof![
                (array, space.clone())
                    .prop_map(|(values, space)| format!("[{}]", values.join(&format!("{space},{space}")))),
                (object, space.clone()).prop_map(move |(members, space)| {
                    let members = members.into_iter().enumerate().map(|(at, (name, value))| {
                        let name = if unique_names { format!("\"{at}{}", &name[1..]) } else { name };
                        format!("{name}{space}:{space}{value}")
                    });
                    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_text_is_read_back_as_its_value(text in texts(true)) {
            let value = Value::parse(&text).unwrap();
            prop_assert_eq!(parse_file_text(file_text(&value).as_bytes()), Ok(Some(value)));
        }

        #[test]
        fn one_pass_prints_what_the_tokens_print(text in texts(false), bare in texts(true)) {
            for text in [text, bare] {
                let value = Value::parse(&text).unwrap();
                let edits = find_edits(value.text());
                let printed = print(value.text(), &edits, Printer::new(String::new(), Layout::Indented));
                let in_one_pass = reindent(value.text(), String::new());
                prop_assert_eq!(in_one_pass, edits.is_empty().then_some(printed));
            }
        }

        #[test]
        fn printing_again_changes_nothing(text in texts(false)) {
            let printed = file_text(&Value::parse(&text).unwrap());
            let again = Value::parse(&printed).unwrap();
            prop_assert!(find_and_count(again.text()).0.is_empty());
            prop_assert_eq!(file_text(&again), printed);
        }

        #[test]
        fn the_length_is_that_of_the_text(text in texts(false), bound in 0..400u64) {
            let value = Value::parse(&text).unwrap();
            prop_assert_eq!(file_text_shape(&value).len, file_text(&value).len() as u64);
            let bounded = bounded_text(value.text(), bound);
            prop_assert_eq!(Plan::of(value.text(), bound).bytes, bounded.len() as u64);
        }
    }
}
