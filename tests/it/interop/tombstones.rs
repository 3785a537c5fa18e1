//! Removed keys, and clearing.

use keyfs::Value;

use super::{Directory, assert_agree, shown};

#[test]
fn a_removal_is_seen_by_the_other_program_and_undone_by_a_put() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    store.put("k", Value::parse("1").unwrap()).unwrap();
    let mut python = directory.python("python");
    python.remove("k");
    store.synchronize().unwrap();
    assert_eq!((store.contains("k"), store.len(), store.tombstones()), (false, 0, 1));
    store.put("k", Value::parse("2").unwrap()).unwrap();
    python.synchronize();
    assert_eq!(python.get("k").as_deref(), Some("2"));
    assert!(store.remove("k").unwrap());
    python.synchronize();
    assert_eq!(python.get("k"), None);
    assert_eq!(python.keys(), [""; 0]);
    // The original's own view of a removed key, which is not ours.
    assert!(python.contains("k"));
    python.put("k", "3");
    store.synchronize().unwrap();
    assert_eq!(shown(&store, "k").as_deref(), Some("3"));
}

/// "`remove`, `clear`: synchronise."
#[test]
fn a_key_is_removed_that_only_the_other_program_has_seen() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut python = directory.python("python");
    python.put("theirs", "1");
    assert!(store.get("theirs").unwrap().is_none());
    assert!(store.remove("theirs").unwrap());
    store.put("ours", Value::null()).unwrap();
    // The original does not synchronise by itself: to it, removing an unknown key is nothing.
    python.remove("ours");
    assert!(!store.synchronize().unwrap().iter().any(|change| change.key.as_str() == Some("ours")));
    python.reopen();
    assert_agree(&store, &mut python);
    python.remove("ours");
    store.synchronize().unwrap();
    assert!(store.is_empty());
}

#[test]
fn removing_what_is_not_there_writes_nothing() {
    let directory = Directory::new();
    let mut python = directory.python("python");
    python.put("k", "1");
    python.reopen();
    python.remove("k");
    let names = directory.names();
    let store = directory.writer("rust");
    assert!(!store.remove("k").unwrap());
    assert!(!store.remove("never").unwrap());
    assert_eq!(store.clear().unwrap(), 0);
    assert_eq!(directory.names(), names);
}

#[test]
fn clearing_removes_the_keys_of_both() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut python = directory.python("python");
    for round in 0..3 {
        for number in 0..20 {
            store.put(&format!("ours {number}"), Value::parse(&round.to_string()).unwrap()).unwrap();
            python.put(&format!("theirs {number}"), &round.to_string());
        }
        if round % 2 == 0 {
            assert_eq!(store.clear().unwrap(), 40);
        } else {
            python.reopen();
            python.clear();
            store.synchronize().unwrap();
        }
        assert_eq!((store.len(), store.tombstones()), (0, 40));
        python.reopen();
        assert_eq!(python.keys(), [""; 0]);
    }
}

#[test]
fn a_tombstone_with_a_value_is_a_tombstone() {
    let directory = Directory::new();
    directory.write_by_hand(1, r#"{"key": "k", "bDeleted": false, "value": 1}"#);
    directory.write_by_hand(2, r#"{"key": "k", "bDeleted": true, "value": 1}"#);
    let store = directory.reader();
    assert!(!store.contains("k"));
    assert_agree(&store, &mut directory.python("python"));
}
