use super::keyfs::{Directory, Keyfs};

#[test]
fn the_directory_is_given_before_or_after_the_command() {
    let directory = Directory::with_keys([&b"a"[..]]);
    let path = directory.path();
    Keyfs::new(["-d"]).argument(path).argument("count").prints("1\n");
    Keyfs::new(["count", "-d"]).argument(path).prints("1\n");
    Keyfs::new(["count", "--dir"]).argument(path).prints("1\n");
}

#[test]
fn keyfs_dir_stands_in_for_the_option() {
    let (one, two) = (Directory::with_keys([&b"a"[..]]), Directory::with_keys([&b"a"[..], b"b"]));
    Keyfs::new(["count"]).env("KEYFS_DIR", one.path()).prints("1\n");
    one.keyfs(["count"]).env("KEYFS_DIR", two.path()).prints("1\n");
    Keyfs::new(["count", "-d"]).argument(one.path()).env("KEYFS_DIR", two.path()).prints("1\n");
}

#[test]
fn without_a_directory_the_message_names_both_ways_to_give_one() {
    for command in [&["keys"][..], &["get", "a"], &["put", "a", "1"], &["rm", "a"], &["count"], &["clear"]] {
        let output = Keyfs::new(command.iter().copied()).run();
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(line.starts_with(&format!("keyfs: {}", command[0])), "{line}");
        assert!(line.ends_with(": no store is given: use -d STORE or set KEYFS_DIR\n"), "{line}");
        assert_eq!(output.status.code(), Some(2));
    }
    let line = "keys: no store is given: use -d STORE or set KEYFS_DIR";
    Keyfs::new(["keys"]).env("KEYFS_DIR", "").fails(2, line);
}

#[test]
fn the_identifier_of_the_option_goes_before_that_of_the_variable() {
    let directory = Directory::new();
    directory.keyfs(["put", "key", "1"]).env("KEYFS_ID", "a-1_b+c,d.e").succeeds();
    directory.keyfs(["-i", "7", "put", "key", "2"]).env("KEYFS_ID", "a b").succeeds();
    directory.keyfs(["put", "key", "3", "--id", "7"]).env("KEYFS_ID", "a b").succeeds();
    assert_eq!(directory.get("key"), "3");
}

#[test]
fn an_identifier_that_is_none_is_misuse() {
    let directory = Directory::new();
    let line = |what, identifier| {
        format!(
            "{what}: the writer identifier \"{identifier}\" must have 1 to 250 of the characters a-z A-Z 0-9 _ + , . -"
        )
    };
    directory.keyfs(["-i", "a b", "put", "key", "1"]).fails(2, &line("put key", "a b"));
    directory.keyfs(["put", "key", "1"]).env("KEYFS_ID", "a/b").fails(2, &line("put key", "a/b"));
    directory.keyfs(["keys", "-i", ""]).fails(2, &line("keys", ""));
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn reading_commands_create_nothing() {
    let directory = Directory::new();
    for command in [&["get", "a"][..], &["keys"], &["contains", "a"], &["count"]] {
        directory.keyfs(["-i", "me"]).arguments(command.iter().copied()).run();
        directory.keyfs(command.iter().copied()).env("KEYFS_ID", "me").run();
        assert_eq!(directory.names(), [""; 0], "{command:?}");
    }
}

#[test]
fn another_writer_is_seen_at_once() {
    let directory = Directory::new();
    let store = directory.store();
    for number in 0..3 {
        directory.keyfs(["put", "key", &number.to_string()]).succeeds();
        store.synchronize().unwrap();
        assert_eq!(store.get("key").unwrap().unwrap().text(), number.to_string());
        store.put("key", keyfs::Value::string("mine")).unwrap();
        assert_eq!(directory.get("key"), "\"mine\"");
    }
}
