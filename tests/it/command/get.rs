use super::keyfs::Directory;

fn directory() -> Directory {
    let directory = Directory::new();
    directory.keyfs(["put", "object", r#"{"z": [1.0, 1e400, -0], "a": "naïve 🎉\n"}"#]).succeeds();
    directory.keyfs(["put", "string", r#""two\nlines \u00e9 \ud800""#]).succeeds();
    directory
}

#[test]
fn get_prints_the_text_of_the_file() {
    let expected = "{\n  \"z\": [\n    1.0,\n    1e400,\n    -0\n  ],\n  \"a\": \"naïve 🎉\\n\"\n}\n";
    directory().keyfs(["get", "object"]).prints(expected);
}

#[test]
fn compact_prints_one_line() {
    let line = "{\"z\": [1.0, 1e400, -0], \"a\": \"naïve 🎉\\n\"}\n";
    directory().keyfs(["get", "-c", "object"]).prints(line);
    directory().keyfs(["get", "object", "--compact"]).prints(line);
}

#[test]
fn raw_prints_a_string_without_quotes() {
    directory().keyfs(["get", "-r", "string"]).prints(b"two\nlines \xc3\xa9 \xed\xa0\x80\n");
    directory().keyfs(["get", "--raw", "string"]).prints(b"two\nlines \xc3\xa9 \xed\xa0\x80\n");
}

#[test]
fn raw_prints_other_values_as_ever() {
    let directory = Directory::new();
    directory.keyfs(["put", "list", "[1]"]).succeeds();
    directory.keyfs(["get", "-r", "list"]).prints("[\n  1\n]\n");
    directory.keyfs(["get", "-rc", "list"]).prints("[1]\n");
}

#[test]
fn an_absent_key_has_status_1() {
    directory().keyfs(["get", "nothing"]).fails(1, "get nothing: no such key");
    let removed = directory();
    removed.keyfs(["rm", "object"]).succeeds();
    removed.keyfs(["get", "object"]).fails(1, "get object: no such key");
}

#[test]
fn default_stands_in_for_an_absent_key() {
    directory().keyfs(["get", "nothing", "--default", " [1,2]"]).prints("[\n  1,\n  2\n]\n");
    directory().keyfs(["get", "-c", "nothing", "--default", "[1,2]"]).prints("[1, 2]\n");
    directory().keyfs(["get", "-r", "nothing", "--default", r#""a b""#]).prints("a b\n");
    directory().keyfs(["get", "nothing", "--default", "-1.5e-7"]).prints("-1.5e-7\n");
    directory().keyfs(["get", "-c", "string", "--default", "1"]).prints("\"two\\nlines é \\ud800\"\n");
}

#[test]
fn a_default_that_is_not_json_has_status_4_even_when_it_is_not_needed() {
    let line = "get --default: line 1, column 1: a value is expected here: nope";
    directory().keyfs(["get", "nothing", "--default", "nope"]).fails(4, line);
    directory().keyfs(["get", "object", "--default", "nope"]).fails(4, line);
}
