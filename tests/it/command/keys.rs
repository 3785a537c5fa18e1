use super::keyfs::Directory;

const ODD: [&[u8]; 8] = [
    b"",
    b"a\nb",
    b"\"quoted\"",
    b"b\"c",
    b"\xed\xa0\x80",
    "\u{85}".as_bytes(),
    "\u{ffff}".as_bytes(),
    "🎉".as_bytes(),
];

#[test]
fn keys_are_sorted_by_code_point() {
    let keys = ["b", "B", "é", "a/b", "a", "🎉", "\u{ffff}", "a b"];
    let directory = Directory::with_keys(keys.map(str::as_bytes));
    directory.keyfs(["keys"]).prints("B\na\na b\na/b\nb\né\n\u{ffff}\n🎉\n");
}

#[test]
fn a_key_that_would_make_lines_ambiguous_is_printed_as_a_json_string() {
    let expected = "\n\"\\\"quoted\\\"\"\n\"a\\nb\"\nb\"c\n\"\\u0085\"\n\"\\ud800\"\n\u{ffff}\n🎉\n";
    Directory::with_keys(ODD).keyfs(["keys"]).prints(expected);
}

#[test]
fn null_ends_each_key_and_prints_it_as_it_is() {
    let mut expected = b"\0\"quoted\"\0a\nb\0b\"c\0\xc2\x85\0\xed\xa0\x80\0".to_vec();
    expected.extend("\u{ffff}\0🎉\0".bytes());
    Directory::with_keys(ODD).keyfs(["keys", "-0"]).prints(&expected);
    Directory::with_keys(ODD).keyfs(["keys", "--null"]).prints(&expected);
}

#[test]
fn json_prints_an_array() {
    let expected = r#"["", "\"quoted\"", "a\nb", "b\"c", "\u0085", "\ud800", "\uffff", "\ud83c\udf89"]"#;
    Directory::with_keys(ODD).keyfs(["keys", "--json"]).prints(format!("{expected}\n"));
    Directory::new().keyfs(["keys", "--json"]).prints("[]\n");
}

#[test]
fn null_and_json_exclude_each_other() {
    Directory::new().keyfs(["keys", "-0", "--json"]).misuses("cannot be used with");
}

#[test]
fn an_empty_store_has_no_keys() {
    Directory::new().keyfs(["keys"]).prints("");
    Directory::new().keyfs(["keys", "-0"]).prints("");
}

#[track_caller]
fn assert_matched(pattern: &str, expected: &[&str]) {
    let keys = ["a", "a/b", "a/b/c", "ab", "A", ".x", "na\u{ef}ve", "[b]", "\u{e9}", "x\ny"];
    let directory = Directory::with_keys(keys.map(str::as_bytes));
    let expected: String = expected.iter().flat_map(|key| [key, "\0"]).collect();
    directory.keyfs(["keys", "-0", "--", pattern]).prints(expected);
}

#[test]
fn an_asterisk_matches_any_text() {
    assert_matched("a*", &["a", "a/b", "a/b/c", "ab"]);
    assert_matched("a**", &["a", "a/b", "a/b/c", "ab"]);
    assert_matched("*/*/*", &["a/b/c"]);
    assert_matched("*x*", &[".x", "x\ny"]);
    assert_matched("", &[]);
}

#[test]
fn a_question_mark_matches_one_character() {
    assert_matched("?", &["A", "a", "é"]);
    assert_matched("na?ve", &["naïve"]);
    assert_matched("a?b", &["a/b"]);
}

#[test]
fn brackets_match_one_of_their_characters() {
    assert_matched("[a-z]", &["a"]);
    assert_matched("[!a-z]", &["A", "é"]);
    assert_matched("[é-ï]", &["é"]);
    assert_matched("[[]b]", &["[b]"]);
}

#[test]
fn the_whole_key_must_match() {
    assert_matched("a", &["a"]);
    assert_matched("/b", &[]);
}

#[test]
fn a_lone_surrogate_matches_as_one_character() {
    let directory = Directory::with_keys([&b"\xed\xa0\x80"[..], b"x\xed\xb0\x80y\xed\xa0\x80", b"xy"]);
    directory.keyfs(["keys", "?"]).prints("\"\\ud800\"\n");
    directory.keyfs(["keys", "x?y?"]).prints("\"x\\udc00y\\ud800\"\n");
    directory.keyfs(["keys", "x*"]).prints("xy\n\"x\\udc00y\\ud800\"\n");
}

#[test]
fn a_bad_pattern_is_misuse() {
    Directory::new().keyfs(["keys", "a["]).fails(2, "keys a[: not a pattern: invalid range pattern");
}

/// As many as an argument can hold, on a key that has as many characters, would overflow the stack.
#[test]
fn a_pattern_of_very_many_asterisks_is_misuse() {
    let key = "a".repeat(60_000);
    let directory = Directory::with_keys([key.as_bytes()]);
    directory.keyfs(["keys", &"*a".repeat(1000)]).prints(format!("{key}\n"));
    let pattern = "*a".repeat(60_000);
    directory.keyfs(["keys", &pattern]).fails(2, &format!("keys {pattern}: not a pattern: more than 1000 asterisks"));
}
