use super::keyfs::Directory;

#[test]
fn rm_removes_each_key() {
    let directory = Directory::with_keys([&b"a"[..], b"b", b"c"]);
    directory.keyfs(["rm", "a", "c"]).succeeds();
    directory.keyfs(["keys"]).prints("b\n");
}

#[test]
fn rm_of_an_absent_key_is_no_error() {
    let directory = Directory::with_keys([&b"a"[..], b"b"]);
    directory.keyfs(["rm", "nothing"]).succeeds();
    directory.keyfs(["rm", "nothing", "a", "a"]).succeeds();
    directory.keyfs(["keys"]).prints("b\n");
}

#[test]
fn rm_tries_all_keys_and_returns_the_first_failure() {
    let directory = Directory::with_keys([&b"a"[..], b"b", b"c"]);
    let output = directory.keyfs(["rm", "a"]).bytes(b"\xff").argument("b").bytes(b"\xfe").run();
    let lines = String::from_utf8(output.stderr).unwrap();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.starts_with(r"keyfs: rm \xff: a key must be UTF-8"), "{lines}");
    assert_eq!(output.status.code(), Some(4));
    directory.keyfs(["keys"]).prints("c\n");
}

#[test]
fn rm_needs_a_key() {
    Directory::new().keyfs(["rm"]).misuses("<KEY>");
}
