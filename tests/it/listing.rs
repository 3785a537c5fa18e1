//! The order of a listing, and the moment that it shows.

use keyfs::Store;
use keyfs::vfs::{HandleNo, InodeNo, Vfs};
use rustix::fs::OFlags;

use crate::behaviour::{FileSystem, Kernel, foreign_store, vfs_of};

fn put(store: &Store, key: &str) {
    store.put(key, serde_json::Value::from(1)).unwrap();
}

/// Reads at most so many names from an offset on, and tells where to go on.
fn read(vfs: &Vfs<Store>, handle: HandleNo, mut offset: u64, most: usize) -> (Vec<String>, u64) {
    let mut names = Vec::new();
    let before = offset;
    let take = |entry: &keyfs::vfs::Entry, next| {
        if names.len() == most {
            return true;
        }
        names.push(entry.name.to_str().unwrap().to_owned());
        offset = next;
        false
    };
    vfs.readdir(handle, before, take).unwrap();
    (names, offset)
}

/// "opendir, readdir: keys sorted by code point, then placeholders, then scratch files."
#[test]
fn keys_come_before_placeholders_and_scratch_files() {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    let files = Kernel::new(&vfs);
    // By UTF-16 the last two would change places.
    let keys = ["A", "a", "b", "é", "\u{ffee}", "🎉"];
    for key in keys.iter().rev() {
        put(&store, key);
    }
    for name in ["z new", "a new", ".scratch", "#a#", "z~"] {
        drop(files.open(name.as_bytes(), OFlags::RDONLY | OFlags::CREATE).unwrap());
    }
    let opened = vfs.opendir(InodeNo::ROOT).unwrap();
    let (names, _) = read(&vfs, opened.handle, 0, 100);
    assert_eq!(names[2..8], keys);
    assert_eq!(names[8..], ["a new", "z new", "#a#", ".scratch", "z~"]);
    assert_eq!(names[..2], [".", ".."]);
}

/// "opendir, readdir: the listing is of the moment at which its beginning is read."
#[test]
fn a_listing_is_of_the_moment_at_which_its_beginning_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    put(&store, "b");
    let handle = vfs.opendir(InodeNo::ROOT).unwrap().handle;
    put(&store, "c");
    vfs.synchronize().unwrap();
    let (begun, offset) = read(&vfs, handle, 0, 3);
    assert_eq!(begun, [".", "..", "b"]);
    store.remove("c").unwrap();
    put(&store, "d");
    vfs.synchronize().unwrap();
    assert_eq!(read(&vfs, handle, offset, 100).0, ["c"], "as it was then");
    assert_eq!(read(&vfs, handle, 0, 100).0, [".", "..", "b", "d"], "begun anew");
}
