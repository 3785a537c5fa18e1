//! The kernel releases a file some time after a program has closed it; others may have done something in between.

use std::ffi::OsStr;

use keyfs::vfs::{Caller, InodeNo, OpenMode, Vfs};
use keyfs::{Store, Value};

use crate::behaviour::{foreign_store, vfs_of};

const CALLER: Caller = Caller { thread: 7, process: 7 };
const SAVE: OpenMode = OpenMode { read: false, write: true, append: false, truncate: true, exclusive: false };

/// Saves a text as a program does, and lets others act between the close and the release; true when it was taken.
fn save(vfs: &Vfs<Store>, text: &str, before_release: impl FnOnce()) -> bool {
    let name = OsStr::new("key");
    let (_, opened) = vfs.create(CALLER, InodeNo::ROOT, name, 0o644, 0, SAVE).unwrap();
    let written = vfs.write(opened.handle, 0, text.as_bytes());
    let flushed = vfs.flush(opened.handle, CALLER, |_| 7);
    before_release();
    vfs.release(opened.handle).unwrap();
    written.is_ok() && flushed.is_ok()
}

fn is_kept(vfs: &Vfs<Store>) -> bool {
    let control = vfs.lookup(CALLER, InodeNo::ROOT, OsStr::new(".keyfs")).unwrap();
    let rejected = vfs.lookup(CALLER, control.inode, OsStr::new("rejected")).unwrap();
    vfs.lookup(CALLER, rejected.inode, OsStr::new("key")).is_ok()
}

/// A refused text goes when something else is saved than what stood when it was refused: not than what stands later.
#[test]
fn what_stood_is_what_stood_when_the_program_was_told() {
    for (refused, told) in [("[1, ", false), ("1 2", false), ("[1, 2]", true)] {
        let directory = tempfile::tempdir().unwrap();
        let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
        let put = |text: &str| _ = store.put("key", Value::parse(text).unwrap()).unwrap();
        put("1");
        let put_meanwhile = || {
            put("2");
            vfs.synchronize().unwrap();
        };
        assert_eq!(save(&vfs, refused, put_meanwhile), told, "{refused}");
        assert_eq!(is_kept(&vfs), !told, "{refused}");
        assert!(save(&vfs, "2", || ()));
        assert!(!is_kept(&vfs), "{refused}: 2 was saved, and 1 had stood");
    }
}

#[test]
fn a_refused_text_that_has_gone_before_the_release_does_not_come_again() {
    let directory = tempfile::tempdir().unwrap();
    let vfs = vfs_of(directory.path(), false);
    let unlink = || {
        let control = vfs.lookup(CALLER, InodeNo::ROOT, OsStr::new(".keyfs")).unwrap();
        let rejected = vfs.lookup(CALLER, control.inode, OsStr::new("rejected")).unwrap();
        vfs.unlink(CALLER, rejected.inode, OsStr::new("key")).unwrap();
    };
    let saved = std::cell::Cell::new(0);
    let save_another = || {
        saved.set(saved.get() + 1);
        assert!(save(&vfs, &saved.get().to_string(), || ()));
    };
    for before_release in [&unlink as &dyn Fn(), &save_another] {
        for refused in ["[1, ", "1 2"] {
            assert!(!save(&vfs, refused, before_release));
            assert!(!is_kept(&vfs), "{refused}");
        }
        assert!(!save(&vfs, "[", || ()) && is_kept(&vfs));
    }
}
