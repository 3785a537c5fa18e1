//! What a panic in the work for a request does to a mount: here, because the adapter knows no store.

use std::sync::Arc;

use fuser::Errno;

use crate::fuse::adapter::Adapter;
use crate::store::{Identifier, OpenOptions, Store};
use crate::vfs::{InodeNo, Operation, Vfs, VfsOptions};

#[test]
#[allow(clippy::panic)]
fn a_panic_is_answered_and_the_next_request_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let options = OpenOptions::writer(Identifier::new("mount").unwrap());
    let store = Store::open(directory.path(), options).unwrap();
    let adapter = Adapter::new(Arc::new(Vfs::new(store, VfsOptions::default())));
    let panics = |vfs: &Vfs<Store>| {
        // As a bug in the middle of a change would.
        vfs.synchronize()?;
        panic!("on purpose")
    };
    assert_eq!(adapter.answer::<()>(Operation::Lookup, panics).unwrap_err().code(), Errno::EIO.code());
    let root = InodeNo::ROOT;
    assert_eq!(adapter.answer(Operation::Getattr, |vfs| vfs.getattr(root)).unwrap().inode, root);
}
