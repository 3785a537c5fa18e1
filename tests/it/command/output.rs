use std::fs::File;

use super::keyfs::{Directory, Keyfs};

/// A store with keys of more text than a pipe holds.
fn large_directory() -> Directory {
    let directory = Directory::new();
    let store = directory.store();
    for number in 0..20 {
        store.put(&format!("{number}{}", "x".repeat(10_000)), keyfs::Value::null()).unwrap();
    }
    store.put("large", keyfs::Value::string(&"x".repeat(200_000))).unwrap();
    directory
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let directory = large_directory();
    for command in [&["keys"][..], &["keys", "-0"], &["keys", "--json"], &["get", "large"], &["get", "-r", "large"]] {
        let mut keyfs = directory.keyfs(command.iter().copied());
        let mut child = keyfs.command().spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{command:?}");
        assert_eq!(output.status.code(), Some(0), "{command:?}");
    }
}

#[test]
fn output_that_cannot_be_written_has_status_5() {
    let directory = Directory::with_keys([&b"a"[..]]);
    let assert_fails = |arguments: &[&str], what: &str| {
        let mut keyfs = directory.keyfs(arguments.iter().copied());
        keyfs.command().stdout(File::options().write(true).open("/dev/full").unwrap());
        let why = "cannot write to standard output: No space left on device (os error 28)";
        keyfs.fails(5, &format!("{what}: {why}"));
    };
    assert_fails(&["keys"], "keys");
    assert_fails(&["get", "a"], "get a");
    assert_fails(&["count"], "count");
}

#[test]
fn help_and_version_are_printed() {
    let commands: &[&str] = &["get", "put", "rm", "keys", "contains", "path", "key", "count", "clear"];
    for command in commands {
        let output = Keyfs::new([command, "--help"]).run();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains(&format!("Usage: keyfs {command} ")), "{help}");
        assert!(help.contains("KEYFS_DIR") && !help.contains('\x1b'), "{help}");
        assert_eq!(output.status.code(), Some(0));
    }
    Keyfs::new(["--version"]).prints(format!("keyfs {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_written_value_is_one_whole_text() {
    let directory = large_directory();
    let output = directory.keyfs(["get", "-r", "large"]).run();
    assert_eq!(output.stdout.len(), 200_001);
    assert_eq!(directory.keyfs(["keys", "-0"]).run().stdout.split(|&byte| byte == 0).count(), 21 + 1);
}
