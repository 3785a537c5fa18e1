use super::keyfs::Directory;

/// Puts, finds, lists, names and removes the key, given as bytes after `--`.
#[track_caller]
fn assert_key_works(key: &[u8]) {
    let directory = Directory::new();
    directory.keyfs(["put", "--"]).bytes(key).argument("[1]").succeeds();
    directory.keyfs(["get", "-c", "--"]).bytes(key).prints("[1]\n");
    directory.keyfs(["contains", "--"]).bytes(key).succeeds();
    directory.keyfs(["keys", "-0"]).prints([key, &b"\0"[..]].concat());
    for suffix in ["", ".json"] {
        let output = directory.keyfs(["path", "-0", "--suffix", suffix, "--"]).bytes(key).run();
        let name = output.stdout.strip_suffix(b"\0").unwrap();
        assert!(name.ends_with(suffix.as_bytes()), "{}", name.escape_ascii());
        directory.keyfs(["key", "-0", "--suffix", suffix, "--"]).bytes(name).prints([key, &b"\0"[..]].concat());
    }
    directory.keyfs(["rm", "--"]).bytes(key).succeeds();
    assert_eq!(directory.keyfs(["contains", "--"]).bytes(key).run().status.code(), Some(1));
}

#[test]
fn every_key_can_be_given() {
    assert_key_works(b"");
    assert_key_works(b"-x");
    assert_key_works(b"--help");
    assert_key_works(b"-");
    assert_key_works(b"a\nb\t");
    assert_key_works(b"\xed\xa0\x80");
    assert_key_works(b".profile");
    assert_key_works(b"#x#");
    assert_key_works(b"x~");
    assert_key_works(b"%2F%~%");
    assert_key_works(b"/a/../b/");
    assert_key_works("naïve 漢字 🎉".as_bytes());
    assert_key_works("é".repeat(5_000).as_bytes());
}

#[test]
fn bytes_that_are_no_key_have_status_4() {
    let line = |command| format!("{command} a\\xff: a key must be UTF-8 (lone surrogates as WTF-8)");
    let directory = Directory::new();
    directory.keyfs(["get"]).bytes(b"a\xff").fails(4, &line("get"));
    directory.keyfs(["put"]).bytes(b"a\xff").argument("1").fails(4, &line("put"));
    directory.keyfs(["rm"]).bytes(b"a\xff").fails(4, &line("rm"));
    directory.keyfs(["contains"]).bytes(b"a\xff").fails(4, &line("contains"));
}

#[test]
fn messages_stay_on_one_line() {
    let directory = Directory::new();
    directory.keyfs(["get", "a\nb"]).fails(1, r#"get "a\nb": no such key"#);
    directory.keyfs(["get"]).bytes(b"\xed\xa0\x80").fails(1, r#"get "\ud800": no such key"#);
    directory.keyfs(["get"]).bytes(b"\n\xff").fails(4, r"get \n\xff: a key must be UTF-8 (lone surrogates as WTF-8)");
}
