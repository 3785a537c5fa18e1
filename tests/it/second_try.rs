//! The second try of an open that was answered "stale", request by request as the kernel sends them.

use std::ffi::OsStr;

use keyfs::vfs::{Attributes, Caller, InodeNo, OpenMode, Vfs, VfsError, VfsResult};
use keyfs::{AsKey, Store};

use crate::behaviour::{foreign_store, vfs_of};

const READ: OpenMode = OpenMode { read: true, write: false, append: false, truncate: false, exclusive: false };
const CALLER: Caller = Caller { thread: 7, process: 7 };

fn put<K: AsKey + ?Sized>(store: &Store, key: &K, number: u32) {
    store.put(key, serde_json::Value::from(number)).unwrap();
}

fn look(vfs: &Vfs<Store>) -> VfsResult<Attributes> {
    vfs.lookup(CALLER, InodeNo::ROOT, OsStr::new("key"))
}

fn read(vfs: &Vfs<Store>, inode: InodeNo) -> VfsResult<String> {
    let handle = vfs.open(CALLER, inode, READ)?.handle;
    let text = vfs.read(handle, 0, 100).unwrap().to_vec();
    vfs.release(handle).unwrap();
    Ok(String::from_utf8(text).unwrap())
}

/// A file system in which an open of a key was answered "stale" because the key was removed.
fn with_a_stale_open(then: impl FnOnce(&Vfs<Store>, &Store)) {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    put(&store, "key", 1);
    let first = look(&vfs).unwrap();
    assert!(first.lasting);
    store.remove("key").unwrap();
    assert!(matches!(read(&vfs, first.inode), Err(VfsError::Stale)));
    then(&vfs, &store);
}

/// While others look for the same name, the kernel may look any number of times before it opens. No error may come of it.
#[test]
fn a_version_is_read_that_was_found_after_the_key_was_absent_for_some_lookups() {
    with_a_stale_open(|vfs, store| {
        for _ in 0..3 {
            assert!(matches!(look(vfs), Err(VfsError::NotFound)));
        }
        put(store, "key", 2);
        let found = look(vfs).unwrap();
        put(store, "key", 3);
        assert_eq!(read(vfs, found.inode).unwrap(), "2\n");
    });
}

/// The open has failed, and the lookup that finds the key is for another operation of the same thread.
#[test]
fn what_was_found_after_the_open_has_failed_is_not_kept_for_the_next_open() {
    with_a_stale_open(|vfs, store| {
        assert!(matches!(look(vfs), Err(VfsError::NotFound)));
        put(store, "key", 2);
        assert!(!look(vfs).unwrap().lasting, "else the next open comes without a lookup");
        put(store, "key", 3);
        let found = look(vfs).unwrap();
        assert_eq!(read(vfs, found.inode).unwrap(), "3\n");
        assert!(look(vfs).unwrap().lasting, "that open is over");
        put(store, "key", 4);
        assert!(matches!(read(vfs, found.inode), Err(VfsError::Stale)));
    });
}
