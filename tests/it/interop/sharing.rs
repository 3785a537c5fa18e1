//! Several writers with one identifier, which should not be and must not lose anything.

use keyfs::Store;

use super::watched::Watched;
use super::{Directory, assert_agree};
use crate::signed::Signed;

/// How often each writer puts each of its keys.
const TIMES: u64 = 400;

/// Overwrites a key of its own and one that all writers overwrite.
fn overwrite(store: &Store, writer: &str) {
    for counter in 1..=TIMES {
        for key in [writer, "shared"] {
            store.put(key, Signed::new(key, writer, counter).to_value()).unwrap();
        }
    }
}

#[test]
fn writers_with_one_identifier_lose_nothing_of_each_other() {
    let directory = Directory::new();
    let writers = ["rust 1", "rust 2", "python"];
    let first = directory.writer("same");
    for key in writers.iter().chain(&["shared"]) {
        first.put(*key, Signed::new(key, "first", 1).to_value()).unwrap();
    }
    // The original unlinks what it overwrites only of keys that it has loaded.
    let mut python = directory.python("same");
    python.send(&format!(r#""overwrite_times", "keys": ["python", "shared"], "writer": "python", "times": {TIMES}"#));
    let second = directory.writer("same");
    std::thread::scope(|scope| {
        scope.spawn(|| overwrite(&first, "rust 1"));
        scope.spawn(|| overwrite(&second, "rust 2"));
    });
    python.receive().unwrap();
    drop((first, second));
    let reader = directory.reader();
    let mut watched = Watched::default();
    for key in writers {
        let last = watched.check(&reader, key);
        assert_eq!((last.writer.as_str(), last.counter), (key, TIMES));
    }
    assert_eq!(watched.check(&reader, "shared").counter, TIMES);
    python.reopen();
    assert_agree(&reader, &mut python);
    let left: Vec<_> = std::fs::read_dir(directory.path().join("t.same")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
