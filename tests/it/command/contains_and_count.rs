use super::keyfs::Directory;

#[test]
fn contains_answers_with_its_status_alone() {
    let directory = Directory::with_keys([&b"a"[..]]);
    directory.keyfs(["contains", "a"]).succeeds();
    let absent = directory.keyfs(["contains", "b"]).run();
    assert_eq!(absent.status.code(), Some(1));
    assert!(absent.stdout.is_empty() && absent.stderr.is_empty());
}

#[test]
fn a_removed_key_is_not_contained() {
    let directory = Directory::with_keys([&b"a"[..]]);
    directory.keyfs(["rm", "a"]).succeeds();
    assert_eq!(directory.keyfs(["contains", "a"]).run().status.code(), Some(1));
}

#[test]
fn count_prints_the_number_of_live_keys() {
    let directory = Directory::with_keys([&b"a"[..], b"b", b"c"]);
    directory.keyfs(["count"]).prints("3\n");
    directory.keyfs(["rm", "a"]).succeeds();
    directory.keyfs(["count"]).prints("2\n");
}
