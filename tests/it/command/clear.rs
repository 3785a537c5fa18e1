use super::keyfs::Directory;

#[test]
fn clear_removes_all_keys() {
    let directory = Directory::with_keys([&b"a"[..], b"", b"\xed\xa0\x80"]);
    directory.keyfs(["clear"]).succeeds();
    directory.keyfs(["keys"]).prints("");
    directory.keyfs(["count"]).prints("0\n");
}

#[test]
fn clear_leaves_tombstones_as_they_are() {
    let directory = Directory::with_keys([&b"a"[..], b"b"]);
    directory.keyfs(["clear"]).succeeds();
    let records = || {
        let entries = directory.path().join("d").read_dir().unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = records();
    directory.keyfs(["clear"]).succeeds();
    assert_eq!(records(), before);
    assert_eq!(before.len(), 2);
}
