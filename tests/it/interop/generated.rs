//! A store of the original with many keys of mixed shapes, and what each side makes of it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use keyfs::{Key, Value};

use super::{Directory, assert_agree};

/// Keys in the generated store.
const KEYS: usize = 1500;

fn generated(seed: u32) -> Directory {
    let directory = Directory::new();
    directory.python("python").ask(&format!(r#""generate", "count": {KEYS}, "seed": {seed}"#)).unwrap();
    directory
}

#[test]
fn a_store_of_the_original_is_read_as_the_original_reads_it() {
    let directory = generated(1);
    let store = directory.reader();
    assert_eq!(store.len(), KEYS);
    assert_eq!(store.oddities().unreadable, []);
    assert_agree(&store, &mut directory.python("python"));
}

#[test]
fn a_running_original_sees_each_of_our_changes_and_we_each_of_its() {
    let directory = generated(2);
    let store = directory.writer("rust");
    let mut python = directory.python("python");
    let keys = store.keys();
    for (number, key) in keys.iter().enumerate().step_by(7) {
        if number % 3 == 0 {
            assert!(store.remove(key).unwrap());
        } else {
            store.put(key, Value::parse(&format!("[{number}, \"é\"]")).unwrap()).unwrap();
        }
        python.synchronize();
        let expected = (number % 3 != 0).then(|| format!("[{number}, \"\\u00e9\"]"));
        assert_eq!(python.get(key), expected, "{key:?}");
    }
    for (number, key) in keys.iter().enumerate().step_by(11) {
        if number % 2 == 0 {
            python.remove(key);
        } else {
            python.put(key, &number.to_string());
        }
        let changes = store.synchronize().unwrap();
        assert_eq!(changes.iter().map(|change| &change.key).collect::<Vec<&Key>>(), [key]);
        let expected = (number % 2 != 0).then(|| Value::parse(&number.to_string()).unwrap());
        assert_eq!(store.get(key).unwrap(), expected, "{key:?}");
    }
    assert_agree(&store, &mut python);
    python.reopen();
    assert_agree(&directory.reader(), &mut python);
}

/// What a write would change: which files there are, and their times, sizes and inodes.
fn traces(path: &Path) -> BTreeMap<PathBuf, [i64; 6]> {
    let mut traces = BTreeMap::new();
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        let found = path.symlink_metadata().unwrap();
        if found.is_dir() {
            paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
        let [mtime, mtime_nsec, ctime, ctime_nsec] = times;
        traces.insert(path, [mtime, mtime_nsec, ctime, ctime_nsec, found.size() as i64, found.ino() as i64]);
    }
    traces
}

#[test]
fn a_reader_of_a_store_of_the_original_writes_nothing() {
    let directory = generated(3);
    let mut python = directory.python("python");
    // Records that the original leaves behind, and that its own readers delete.
    for value in 0..6 {
        python.put("left behind", &value.to_string());
    }
    drop(python);
    directory.write_by_hand(7, "not a record");
    let before = traces(directory.path());
    let reader = directory.reader();
    // Longer than the grace time after which a writer collects what was left behind.
    for _ in 0..3 {
        reader.synchronize().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(600));
    }
    assert_eq!(reader.len(), KEYS + 1);
    assert_eq!(reader.get("left behind").unwrap(), Some(Value::parse("5").unwrap()));
    assert!(reader.put("k", Value::null()).is_err());
    assert!(reader.remove("left behind").is_err());
    assert!(reader.clear().is_err());
    drop(reader);
    assert_eq!(traces(directory.path()), before);
}

#[test]
fn a_reader_of_an_empty_directory_creates_nothing_and_sees_what_the_original_creates() {
    let directory = Directory::new();
    let before = traces(directory.path());
    let reader = directory.reader();
    reader.synchronize().unwrap();
    assert!(reader.is_empty());
    assert_eq!(traces(directory.path()), before);
    directory.python("python").put("k", "1");
    reader.synchronize().unwrap();
    assert_eq!(reader.get("k").unwrap(), Some(Value::parse("1").unwrap()));
}
