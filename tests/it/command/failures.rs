use super::keyfs::{Directory, Keyfs};

const COMMANDS: [&[&str]; 7] =
    [&["get", "a"], &["put", "a", "1"], &["rm", "a"], &["keys"], &["contains", "a"], &["count"], &["clear"]];

/// What a message calls the command: all but the value of a put, and the keys of an rm.
fn what(command: &[&str]) -> String {
    let shown = if command[0] == "rm" { 1 } else { command.len().min(2) };
    command[..shown].join(" ")
}

#[test]
fn a_store_that_is_not_there_has_status_5() {
    let directory = Directory::new();
    let path = directory.path().join("nowhere");
    for command in COMMANDS {
        let why = format!("cannot open {}: No such file or directory (os error 2)", path.display());
        let keyfs = Keyfs::new(command.iter().copied()).argument("-d").argument(&path);
        keyfs.fails(5, &format!("{}: {why}", what(command)));
    }
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn a_store_that_cannot_be_used_has_status_5_and_its_path() {
    let directory = Directory::new();
    let path = directory.path().join("d");
    std::fs::write(&path, "in the way").unwrap();
    for command in COMMANDS {
        let why = format!("cannot open {}: Not a directory (os error 20)", path.display());
        directory.keyfs(command.iter().copied()).fails(5, &format!("{}: {why}", what(command)));
    }
}

#[test]
fn a_path_with_a_line_feed_stays_on_one_line() {
    let directory = Directory::new();
    let path = directory.path().join("a\nb");
    let why = format!("cannot open {}/a\\nb: No such file or directory (os error 2)", directory.path().display());
    Keyfs::new(["count", "-d"]).argument(&path).fails(5, &format!("count: {why}"));
}

#[test]
fn input_that_cannot_be_read_has_status_5() {
    let directory = Directory::new();
    let mut put = directory.keyfs(["put", "key"]);
    put.command().stdin(std::fs::File::open(directory.path()).unwrap());
    put.fails(5, "put key: cannot read standard input: Is a directory (os error 21)");
}

#[test]
fn misuse_has_status_2() {
    Keyfs::new([]).misuses("Usage: keyfs");
    Keyfs::new(["nonsense"]).misuses("nonsense");
    Keyfs::new(["get"]).misuses("<KEY>");
    Keyfs::new(["get", "a", "b"]).misuses("unexpected argument");
    Keyfs::new(["get", "-x"]).misuses("-x");
    Keyfs::new(["get", "a", "--compcat"]).misuses("--compact");
    Keyfs::new(["put", "a", "--strng", "b"]).misuses("unexpected argument");
    Keyfs::new(["count", "-d"]).misuses("--dir <STORE>");
}

#[cfg(feature = "fuse")]
#[test]
fn misuse_of_mounting_has_status_2() {
    Keyfs::new(["mount", "store"]).misuses("<MOUNTPOINT>");
    Keyfs::new(["mount", "store", "mountpoint", "more"]).misuses("unexpected argument");
    Keyfs::new(["umount"]).misuses("<MOUNTPOINT>");
    Keyfs::new(["umount", "-f", "mountpoint"]).misuses("-f");
}

#[test]
fn a_record_that_cannot_be_read_is_reported_only_when_asked_for() {
    let directory = Directory::with_keys([&b"a"[..]]);
    std::fs::write(directory.path().join("d/123"), "no record").unwrap();
    directory.keyfs(["keys"]).prints("a\n");
    directory.keyfs(["put", "a", "1"]).succeeds();
    let output = directory.keyfs(["keys"]).env("RUST_LOG", "warn").run();
    assert_eq!(output.stdout, b"a\n");
    assert!(String::from_utf8(output.stderr).unwrap().contains("d/123: "));
}
