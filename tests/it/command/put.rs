use super::keyfs::Directory;

#[test]
fn put_takes_the_value_from_the_command_line() {
    let directory = Directory::new();
    directory.keyfs(["put", "key", r#" {"a": [1, 2.50]} "#]).succeeds();
    assert_eq!(directory.get("key"), r#"{"a": [1, 2.50]}"#);
    directory.keyfs(["put", "key", "null"]).succeeds();
    assert_eq!(directory.get("key"), "null");
}

#[test]
fn put_takes_a_negative_number() {
    let directory = Directory::new();
    for number in ["-1", "-0", "-1.5e-7", "-1e400", "-Infinity"] {
        directory.keyfs(["put", "key", number]).succeeds();
        assert_eq!(directory.get("key"), number);
    }
    directory.keyfs(["put", "key", "--", "-1"]).succeeds();
    assert_eq!(directory.get("key"), "-1");
}

#[test]
fn options_may_follow_the_value() {
    let directory = Directory::new();
    directory.keyfs(["put", "key", "-1", "-s", "-i", "me"]).succeeds();
    assert_eq!(directory.get("key"), r#""-1""#);
    directory.keyfs(["put", "key", "-i", "me", "-s", "-1"]).succeeds();
    assert_eq!(directory.get("key"), r#""-1""#);
    directory.keyfs(["put", "key", "-", "--string"]).input("in").succeeds();
    assert_eq!(directory.get("key"), r#""in""#);
}

#[test]
fn put_reads_standard_input() {
    let directory = Directory::new();
    directory.keyfs(["put", "dash", "-"]).input("\n[1,\n2]\n").succeeds();
    directory.keyfs(["put", "none"]).input("{}").succeeds();
    assert_eq!(directory.get("dash"), "[1, 2]");
    assert_eq!(directory.get("none"), "{}");
}

#[test]
fn put_string_takes_text_as_it_is() {
    let directory = Directory::new();
    let put_and_get = |text: &str, expected: &str| {
        directory.keyfs(["put", "-s", "key", text]).succeeds();
        assert_eq!(directory.get("key"), expected);
    };
    put_and_get("", r#""""#);
    put_and_get("12", r#""12""#);
    put_and_get("a \"b\"\n", r#""a \"b\"\n""#);
    put_and_get("-1", r#""-1""#);
    directory.keyfs(["put", "key", "é🎉", "--string"]).succeeds();
    assert_eq!(directory.get("key"), r#""é🎉""#);
}

#[test]
fn put_string_keeps_the_last_line_feed_of_the_input() {
    let directory = Directory::new();
    directory.keyfs(["put", "-s", "key"]).input("two\nlines\n").succeeds();
    assert_eq!(directory.get("key"), r#""two\nlines\n""#);
    directory.keyfs(["put", "-s", "key", "-"]).input("").succeeds();
    assert_eq!(directory.get("key"), r#""""#);
}

#[test]
fn raw_strings_go_out_and_in_unchanged() {
    let directory = Directory::new();
    let text = b"lone \xed\xa0\x80 surrogate";
    directory.keyfs(["put", "-s", "key"]).input(text).succeeds();
    assert_eq!(directory.get("key"), r#""lone \ud800 surrogate""#);
    directory.keyfs(["get", "-r", "key"]).prints([text, &b"\n"[..]].concat());
    directory.keyfs(["put", "-s", "argument"]).bytes(text).succeeds();
    assert_eq!(directory.get("argument"), r#""lone \ud800 surrogate""#);
}

#[test]
fn text_that_is_not_json_has_status_4_and_its_place() {
    let directory = Directory::new();
    let line = "put key: line 1, column 7: a value is expected here: {\"a\": tru}";
    directory.keyfs(["put", "key", r#"{"a": tru}"#]).fails(4, line);
    directory.keyfs(["put", "key"]).input(r#"{"a": tru}"#).fails(4, line);
    let line = "put key: line 2, column 3: nothing may follow after the value: 2 3";
    directory.keyfs(["put", "key", "-"]).input("\n2 3\n").fails(4, line);
    let line = "put key: line 1, column 2: the control character 0x0a must be escaped in a string: \"";
    directory.keyfs(["put", "key", "\"\n\""]).fails(4, line);
}

/// "Errors are one line on standard error"; a person is shown the spot, too. "`keyfs` shows it only when standard error
/// is a terminal."
#[test]
fn on_a_terminal_the_spot_is_shown() {
    let directory = Directory::new();
    let nix::pty::OpenptyResult { master, slave } = nix::pty::openpty(None, None).unwrap();
    let mut put = directory.keyfs(["put", "key", "{\n\t\"漢字\": tru}"]);
    put.command().stderr(slave);
    assert_eq!(put.run().status.code(), Some(4));
    // All of it, which may come in pieces: at the end, with nobody on the other side any more, there is an error.
    let (mut said, mut piece) = (Vec::new(), [0; 1000]);
    while let Ok(length @ 1..) = rustix::io::read(&master, &mut piece) {
        said.extend_from_slice(&piece[..length]);
    }
    let line = "keyfs: put key: line 2, column 8: a value is expected here: \\t\"漢字\": tru}";
    let expected = format!("{line}\r\n      \"漢字\": tru}}\r\n              ^\r\n");
    assert_eq!(String::from_utf8_lossy(&said), expected);
}

#[test]
fn blank_text_is_no_value() {
    let directory = Directory::new();
    for blank in ["", " ", "\n\t\r\n"] {
        let output = directory.keyfs(["put", "key", blank]).run();
        assert_eq!(output.status.code(), Some(4), "{blank:?}");
        assert!(output.stderr.starts_with(b"keyfs: put key: line "), "{blank:?}");
    }
    directory.keyfs(["put", "key"]).fails(4, "put key: line 1, column 1: the text ends too early");
}

#[test]
fn text_that_is_not_utf8_has_status_4() {
    let directory = Directory::new();
    let output = directory.keyfs(["put", "key"]).input(b"\"a\xff\"").run();
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stderr.starts_with(b"keyfs: put key: line 1, column 3: the text is not UTF-8"));
    let line = "put key: the text is not UTF-8 (lone surrogates as WTF-8)";
    directory.keyfs(["put", "-s", "key"]).input(b"a\xff").fails(4, line);
    directory.keyfs(["put", "-s", "key"]).bytes(b"a\xff").fails(4, line);
}

#[test]
fn what_cannot_be_stored_leaves_no_trace() {
    let directory = Directory::new();
    assert_eq!(directory.keyfs(["put", "key", "nope"]).run().status.code(), Some(4));
    assert_eq!(directory.names(), [""; 0]);
    directory.keyfs(["put", "key", "1"]).succeeds();
    assert_eq!(directory.keyfs(["put", "key", "nope"]).run().status.code(), Some(4));
    assert_eq!(directory.get("key"), "1");
}
