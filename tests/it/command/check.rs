//! `keyfs check`.

use std::fs;

use super::keyfs::Directory;

fn plant(directory: &Directory, name: &str, bytes: &str) {
    let path = directory.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_sound_store_is_counted_and_status_0() {
    let directory = Directory::with_keys([&b"a"[..], b"b"]);
    directory.keyfs(["rm", "a"]).succeeds();
    directory.keyfs(["check"]).prints("keys: 1, tombstones: 1, records: 2, odd: 0, removed: 0\n");
}

/// "It prints a line for each name that is odd, with its path below the store and the reason, and last how many keys, tombstones
/// and records there are [...] Exit status 0 when nothing odd is left, 1 when something is. What is odd:"
#[test]
fn what_is_odd_is_a_line_each_and_status_1() {
    let directory = Directory::with_keys([&b"a"[..]]);
    plant(&directory, "d/1", "not a record");
    plant(&directory, "d/no\nnumber", "");
    let output = directory.keyfs(["check"]).run();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("d/1: cannot be read as a record: "), "{text}");
    assert_eq!(lines[1], "d/no\\nnumber: a file with a name that no store uses; left alone");
    assert_eq!(lines[2..], ["keys: 1, tombstones: 0, records: 1, odd: 2, removed: 0"]);
    assert_eq!(output.status.code(), Some(1));
}

/// "[...] with `--json` an object."
#[test]
fn json_tells_the_same_to_programs() {
    let directory = Directory::new();
    plant(&directory, "d/1", r#"{"key": "k", "bDeleted": false, "value": 1}"#);
    plant(&directory, "d/2", r#"{"key": "k", "bDeleted": false, "value": 2}"#);
    let object = |arguments: &[&str], status| -> serde_json::Value {
        let output = directory.keyfs(arguments.iter().copied()).run();
        assert_eq!(output.status.code(), Some(status));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let found = object(&["check", "--json"], 1);
    assert_eq!((&found["keys"], &found["tombstones"], &found["records"]), (&1.into(), &0.into(), &2.into()));
    let odd = serde_json::json!([{
        "path": "d/1",
        "kind": "superseded",
        "key": "k",
        "reason": "the record of k was superseded by d/2 and is still there",
    }]);
    assert_eq!((&found["odd"], &found["removed"]), (&odd, &serde_json::json!([])));
    let repaired = object(&["check", "--json", "--repair"], 0);
    assert_eq!((&repaired["odd"], &repaired["removed"]), (&serde_json::json!([]), &odd));
    assert_eq!(repaired["records"], 1);
    assert_eq!(directory.get("k"), "2");
}

#[test]
fn bytes_that_are_no_text_are_shown_as_escapes() {
    use std::os::unix::ffi::OsStrExt;
    let directory = Directory::with_keys([&b"a"[..]]);
    fs::write(directory.path().join("d").join(std::ffi::OsStr::from_bytes(b"\xffx")), "").unwrap();
    let output = directory.keyfs(["check"]).run();
    assert!(output.stdout.starts_with(b"d/\\xffx: a file"), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_store_that_is_not_there_is_an_error() {
    let directory = Directory::new();
    let path = directory.path().join("nowhere");
    let why = format!("check: cannot open {}: No such file or directory (os error 2)", path.display());
    super::keyfs::Keyfs::new(["check", "-d"]).argument(&path).fails(5, &why);
}
