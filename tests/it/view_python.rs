//! The file text of a value against what the real Python prints.

use std::io::Write;
use std::process::{Command, Stdio};

use keyfs::Value;
use keyfs::view::file_text;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Reads one JSON text a line (as a JSON string), prints the file text a line (the same way).
const SCRIPT: &str = r"
import json, re, sys
for line in sys.stdin:
    value = json.loads(json.loads(line))
    text = json.dumps(value, indent=2, ensure_ascii=False) + '\n'
    print(json.dumps(re.sub('[\ud800-\udfff]', lambda found: '\\u%04x' % ord(found[0]), text)))
";

const CASES: usize = 4000;

fn literals() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        r"\u0061",
        "b",
        "é",
        r"\u00E9",
        "🎉",
        r"\ud83c\udf89",
        r"\uD83C",
        r"\udf89",
        r"\n",
        r"\u0000",
        r"\u001F",
        r"\/",
        "/",
        "\u{7f}",
        r"\u007f",
        "\u{85}",
        "\u{2028}",
        r#"\""#,
        r"\\",
        ":",
        "{",
        "]",
        ",",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..4)
        .prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// JSON texts with duplicate members, and with numbers that Python prints as they are written.
fn texts() -> impl Strategy<Value = String> {
    let scalars = [
        "0",
        "-7",
        "12345678901234567890",
        "0.5",
        "-2.5",
        "NaN",
        "Infinity",
        "-Infinity",
        "true",
        "false",
        "null",
        "[]",
        "{}",
    ];
    let leaves = prop_oneof![prop::sample::select(scalars.to_vec()).prop_map(str::to_owned), literals()];
    leaves.prop_recursive(7, 80, 8, |inner| {
        let spaces = || prop::sample::select(vec!["", " ", "\n\t", "\r\n"]);
        let array = prop::collection::vec(inner.clone(), 0..6);
        let object = prop::collection::vec((literals(), inner), 0..20);
        prop_oneof![
            (array, spaces())
                .prop_map(|(values, space)| format!("[{space}{}{space}]", values.join(&format!("{space},")))),
            (object, spaces()).prop_map(|(members, space)| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{name}{space}:{space}{value}")).collect();
                format!("{{{space}{}{space}}}", members.join(&format!("{space},{space}")))
            }),
        ]
    })
}

/// What Python makes of each text.
fn python_texts(texts: &[String]) -> Vec<String> {
    let mut python = Command::new("python3")
        .args(["-I", "-X", "utf8", "-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs python3");
    let lines: String = texts.iter().map(|text| serde_json::to_string(text).unwrap() + "\n").collect();
    let mut stdin = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// "What Python's `json.dumps(value, indent=2, ensure_ascii=False)` prints, and a line feed."
#[test]
fn file_texts_are_what_python_prints() {
    let mut runner = TestRunner::deterministic();
    let strategy = texts();
    let texts: Vec<String> = (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let expected = python_texts(&texts);
    assert_eq!(expected.len(), texts.len());
    for (text, expected) in texts.iter().zip(&expected) {
        assert_eq!(&file_text(&Value::parse(text).unwrap()), expected, "{text}");
    }
}
