//! What the poker repeats for those who watch, request by request as the kernel sends them.

use std::ffi::OsStr;

use keyfs::vfs::{Caller, InodeNo, OpenMode, Poke, Vfs, VfsError};
use keyfs::{Durability, Store};
use serde_json::Value;

use crate::behaviour::{foreign_store, vfs_of};

const CALLER: Caller = Caller { thread: 7, process: 7 };
const POKER: Caller = Caller { thread: 9, process: 9 };
const WRITE: OpenMode = OpenMode { read: false, write: true, append: false, truncate: false, exclusive: false };

fn look(vfs: &Vfs<Store>, caller: Caller) -> Result<InodeNo, VfsError> {
    vfs.lookup(caller, InodeNo::ROOT, OsStr::new("key")).map(|found| found.inode)
}

/// What is to be repeated when a foreign change meets a key that the kernel knows, and the inode that it knows.
fn with_a_poke(change: impl FnOnce(&Store), then: impl FnOnce(&Vfs<Store>, Poke, InodeNo)) {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    vfs.begin_pokes();
    vfs.set_poker(POKER.thread);
    store.put_with("key", Value::from(1), Durability::Background).unwrap();
    // The first change is that the key has come.
    vfs.synchronize().unwrap();
    vfs.next_poke().unwrap();
    vfs.poke_ended(std::time::Duration::ZERO);
    let known = look(&vfs, CALLER).unwrap();
    change(&store);
    vfs.synchronize().unwrap();
    let poke = vfs.next_poke().unwrap();
    then(&vfs, poke, known);
}

/// Seen once in some thousand changes: no event came.
#[test]
fn a_change_is_repeated_though_the_kernel_forgets_the_inode_in_this_moment() {
    let put = |store: &Store| _ = store.put("key", Value::from(2)).unwrap();
    with_a_poke(put, |vfs, poke, known| {
        assert_eq!(poke, Poke::Change("key".into(), 1));
        vfs.forget(known, 1);
        assert_eq!(look(vfs, POKER).unwrap(), known);
        let handle = vfs.open(POKER, known, WRITE).unwrap().handle;
        vfs.forget(known, 1);
        vfs.getattr(known).unwrap();
        vfs.release(handle).unwrap();
        vfs.poke_ended(std::time::Duration::ZERO);
        assert!(matches!(vfs.getattr(known), Err(VfsError::Stale)), "nobody knows it any more");
    });
}

#[test]
fn a_removal_is_repeated_though_the_kernel_forgets_the_inode_in_this_moment() {
    with_a_poke(
        |store| assert!(store.remove("key").unwrap()),
        |vfs, poke, known| {
            assert_eq!(poke, Poke::Unlink("key".into(), 2));
            vfs.forget(known, 1);
            assert_eq!(look(vfs, POKER).unwrap(), known);
            vfs.unlink(POKER, InodeNo::ROOT, OsStr::new("key")).unwrap();
            assert!(matches!(look(vfs, POKER), Err(VfsError::NotFound)), "it was unlinked");
            vfs.forget(known, 1);
            vfs.poke_ended(std::time::Duration::ZERO);
            assert!(matches!(vfs.getattr(known), Err(VfsError::Stale)), "nobody knows it any more");
        },
    );
}
