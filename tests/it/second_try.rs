//! The second try of an open that was answered "stale", request by request as the kernel sends them.

use std::ffi::OsStr;

use keyfs::vfs::{AttributeChange, Attributes, Caller, Entry, InodeNo, Kept, OpenMode, Vfs, VfsError, VfsResult};
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
    assert!(first.kept == Kept::Lasting);
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
        assert!(look(vfs).unwrap().kept != Kept::Lasting, "else the next open comes without a lookup");
        put(store, "key", 3);
        let found = look(vfs).unwrap();
        assert_eq!(read(vfs, found.inode).unwrap(), "3\n");
        assert!(look(vfs).unwrap().kept == Kept::Lasting, "that open is over");
        put(store, "key", 4);
        assert!(matches!(read(vfs, found.inode), Err(VfsError::Stale)));
    });
}

/// Others' lookups, whose answers the kernel shares among all who look for the name at that moment.
const OTHER: Caller = Caller { thread: 8, process: 8 };
const SAVE: OpenMode = OpenMode { read: false, write: true, append: false, truncate: true, exclusive: false };

/// A file system with a key, and the inode of its version.
fn with_a_key(then: impl FnOnce(&Vfs<Store>, &Store, InodeNo)) {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    put(&store, "key", 1);
    let inode = look(&vfs).unwrap().inode;
    then(&vfs, &store, inode);
}

#[test]
fn a_second_try_is_served_what_another_thread_has_looked_up_for_it() {
    with_a_key(|vfs, store, first| {
        put(store, "key", 2);
        assert!(matches!(read(vfs, first), Err(VfsError::Stale)));
        let found = vfs.lookup(OTHER, InodeNo::ROOT, OsStr::new("key")).unwrap();
        put(store, "key", 3);
        assert_eq!(read(vfs, found.inode).unwrap(), "2\n");
        assert!(matches!(read(vfs, found.inode), Err(VfsError::Stale)), "that open is over");
    });
}

/// A file system in which an open of a key was answered "stale" because its value is 22 now, and what was found then.
fn with_a_second_lookup(then: impl FnOnce(&Vfs<Store>, &Store, &Attributes)) {
    with_a_key(|vfs, store, first| {
        put(store, "key", 22);
        assert!(matches!(read(vfs, first), Err(VfsError::Stale)));
        then(vfs, store, &look(vfs).unwrap());
    });
}

/// Opens what was found after the value has changed again: its size is that of the file that the kernel knows.
fn assert_is_read(vfs: &Vfs<Store>, found: &Attributes) {
    let opened = vfs.open(CALLER, found.inode, READ).unwrap();
    let text = vfs.read(opened.handle, 0, 100).unwrap();
    assert_eq!((&*text, text.len() as u64), (&b"22\n"[..], found.size));
    assert!(opened.keep_cache && !opened.direct);
}

#[test]
fn a_second_try_is_served_however_much_others_look_up_in_between() {
    with_a_second_lookup(|vfs, store, found| {
        for number in 0..200 {
            let name = format!("other {number}");
            put(store, name.as_str(), number);
            vfs.lookup(OTHER, InodeNo::ROOT, OsStr::new(&name)).unwrap();
        }
        put(store, "key", 3);
        assert_is_read(vfs, found);
    });
}

/// The kernel takes names from the listings of others, too.
#[test]
fn a_second_try_is_served_what_the_listing_of_another_thread_has_led_it_to() {
    with_a_key(|vfs, store, first| {
        put(store, "key", 22);
        assert!(matches!(read(vfs, first), Err(VfsError::Stale)));
        let directory = vfs.opendir(InodeNo::ROOT).unwrap().handle;
        let mut found = None;
        let take = |entry: &Entry, _, attributes: &Attributes| {
            found = found.or((entry.name == "key").then_some(*attributes));
            false
        };
        vfs.readdir_plus(directory, 0, take).unwrap();
        put(store, "key", 3);
        assert_is_read(vfs, &found.unwrap());
    });
}

/// "An unfinished save is seen by nobody else", nor is it mixed with another one.
#[test]
fn who_is_led_to_the_draft_of_another_thread_does_not_get_it() {
    with_a_key(|vfs, _, version| {
        assert!(matches!(vfs.open(OTHER, version, SAVE), Err(VfsError::Stale)));
        let draft = vfs.lookup(OTHER, InodeNo::ROOT, OsStr::new("key")).unwrap().inode;
        let others = vfs.open(OTHER, draft, SAVE).unwrap().handle;
        vfs.write(others, 0, b"[2").unwrap();
        // A reader: sent away, and past the draft when he is led there again.
        assert!(matches!(read(vfs, draft), Err(VfsError::Stale)));
        assert_eq!(read(vfs, draft).unwrap(), "1\n");
        // A writer who was told of a draft of his own before.
        assert!(matches!(vfs.open(CALLER, version, SAVE), Err(VfsError::Stale)));
        look(vfs).unwrap();
        let own = vfs.open(CALLER, draft, SAVE).unwrap();
        assert!(own.direct, "the kernel's pages are those of the other draft");
        vfs.write(own.handle, 0, b"3").unwrap();
        vfs.flush(own.handle, CALLER, |thread| thread).unwrap();
        vfs.release(own.handle).unwrap();
        vfs.write(others, 2, b"]").unwrap();
        vfs.flush(others, OTHER, |thread| thread).unwrap();
        assert_eq!(read(vfs, look(vfs).unwrap().inode).unwrap(), "[\n  2\n]\n");
    });
}

/// As `tee /dev/stdout > KEY` does: the kernel looks nothing up.
#[test]
fn who_opens_his_own_draft_again_by_its_descriptor_writes_to_the_same_file() {
    with_a_key(|vfs, _, version| {
        assert!(matches!(vfs.open(CALLER, version, SAVE), Err(VfsError::Stale)));
        let draft = look(vfs).unwrap().inode;
        let first = vfs.open(CALLER, draft, SAVE).unwrap().handle;
        vfs.write(first, 0, b"[2").unwrap();
        let append = OpenMode { truncate: false, append: true, ..SAVE };
        assert!(matches!(vfs.open(CALLER, draft, append), Err(VfsError::Stale)));
        let second = vfs.open(CALLER, draft, append).unwrap();
        assert!(!second.direct);
        vfs.write(second.handle, 0, b"]").unwrap();
        vfs.flush(first, CALLER, |thread| thread).unwrap();
        assert_eq!(read(vfs, look(vfs).unwrap().inode).unwrap(), "[\n  2\n]\n");
    });
}

/// A program that is started in the middle of a save closes the copy of the descriptor that it inherited.
#[test]
fn who_neither_opened_nor_wrote_saves_nothing_by_closing() {
    with_a_key(|vfs, _, version| {
        assert!(matches!(vfs.open(CALLER, version, SAVE), Err(VfsError::Stale)));
        let draft = look(vfs).unwrap().inode;
        let handle = vfs.open(CALLER, draft, SAVE).unwrap().handle;
        let flush = |closer| vfs.flush(handle, closer, |thread| thread).unwrap();
        let text = || read(vfs, look(vfs).unwrap().inode).unwrap();
        vfs.note_writer(handle, CALLER.thread);
        vfs.write(handle, 0, b"12").unwrap();
        flush(OTHER);
        assert_eq!(text(), "1\n");
        vfs.write(handle, 2, b"3").unwrap();
        flush(CALLER);
        assert_eq!(text(), "123\n");
        // A program that wrote to what its parent has opened saves.
        vfs.note_writer(handle, OTHER.thread);
        vfs.write(handle, 3, b"4").unwrap();
        flush(OTHER);
        assert_eq!(text(), "1234\n");
    });
}

/// The first open may have failed between its lookup and its second try.
#[test]
fn who_was_to_empty_a_file_and_comes_to_change_it_has_its_text() {
    with_a_key(|vfs, _, version| {
        assert!(matches!(vfs.open(CALLER, version, SAVE), Err(VfsError::Stale)));
        let draft = look(vfs).unwrap();
        assert_eq!((draft.kept, draft.size), (Kept::Briefly, 2), "as long as nobody has emptied it");
        let cut = AttributeChange { size: Some(1), ..AttributeChange::default() };
        assert!(matches!(vfs.setattr(draft.inode, None, cut), Err(VfsError::Stale)), "it has no text to be cut");
        let opened = vfs.open(CALLER, draft.inode, OpenMode { truncate: false, ..SAVE }).unwrap();
        assert!(opened.direct, "the kernel's pages are those of the other draft");
        vfs.write(opened.handle, 1, b"2").unwrap();
        vfs.flush(opened.handle, CALLER, |thread| thread).unwrap();
        assert_eq!(read(vfs, look(vfs).unwrap().inode).unwrap(), "12\n");
    });
}

#[test]
fn the_kernel_keeps_nothing_of_a_draft_that_was_emptied() {
    with_a_key(|vfs, _, version| {
        assert!(matches!(vfs.open(CALLER, version, SAVE), Err(VfsError::Stale)));
        let draft = look(vfs).unwrap().inode;
        vfs.open(CALLER, draft, SAVE).unwrap();
        let emptied = vfs.getattr(draft).unwrap();
        assert_eq!((emptied.kept, emptied.size, emptied.shown_inode), (Kept::Nothing, 0, version));
    });
}
