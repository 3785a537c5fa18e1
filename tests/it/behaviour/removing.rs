//! Unlinking, and what open handles do afterwards.

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{
    APPEND, FileSystem, READ_WRITE, SAVE, WRITE, assert_listed, assert_missing, assert_text, save,
};

super::as_on_a_plain_directory! {
    a_removed_file_is_gone
    a_missing_file_cannot_be_removed
    a_removed_file_can_be_made_again
    what_is_written_after_the_removal_is_dropped
    what_is_written_before_the_removal_is_dropped
    what_is_written_to_a_new_file_after_its_removal_is_dropped
    a_file_made_again_has_nothing_to_do_with_the_handles_of_the_old_one
}

super::unlike_a_plain_directory! {
    removing_is_seen_in_the_store
}

fn a_removed_file_is_gone(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    save(files, b"other", "2\n");
    files.unlink(b"key").unwrap();
    assert_missing(files, b"key");
    assert_listed(files, &["other"]);
}

/// "unlink: `ENOENT`."
fn a_missing_file_cannot_be_removed(files: &dyn FileSystem) {
    assert_eq!(files.unlink(b"key"), Err(Errno::NOENT));
    assert_eq!(files.unlink(b".scratch"), Err(Errno::NOENT));
    save(files, b"key", "1\n");
    files.unlink(b"key").unwrap();
    assert_eq!(files.unlink(b"key"), Err(Errno::NOENT));
}

fn a_removed_file_can_be_made_again(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    for number in 2..5 {
        files.unlink(b"key").unwrap();
        let file = files.open(b"key", WRITE | OFlags::CREATE | OFlags::EXCL).unwrap();
        file.write_at(0, format!("{number}\n").as_bytes()).unwrap();
        file.close().unwrap();
        assert_text(files, b"key", &format!("{number}\n"));
        assert_listed(files, &["key"]);
    }
}

fn what_is_written_after_the_removal_is_dropped(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE, SAVE, APPEND] {
        save(files, b"key", "1\n");
        let file = files.open(b"key", flags).unwrap();
        files.unlink(b"key").unwrap();
        file.truncate(0).unwrap();
        file.write_at(0, b"2\n").unwrap();
        assert_eq!(file.fsync(), Ok(()), "{flags:?}");
        assert_eq!(file.close(), Ok(()), "{flags:?}");
        assert_missing(files, b"key");
        assert_listed(files, &[]);
    }
}

/// "unlink: drafts that are open on a key are dropped."
fn what_is_written_before_the_removal_is_dropped(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE, SAVE] {
        save(files, b"key", "1\n");
        let file = files.open(b"key", flags).unwrap();
        file.write_at(0, b"2\n").unwrap();
        files.unlink(b"key").unwrap();
        assert_eq!(file.stat().unwrap().size, 2, "{flags:?}");
        assert_eq!(file.close(), Ok(()), "{flags:?}");
        assert_missing(files, b"key");
    }
}

fn what_is_written_to_a_new_file_after_its_removal_is_dropped(files: &dyn FileSystem) {
    for name in [&b"key"[..], b".scratch"] {
        let file = files.open(name, SAVE).unwrap();
        files.unlink(name).unwrap();
        file.write_at(0, b"2\n").unwrap();
        file.close().unwrap();
        assert_missing(files, name);
    }
    assert_listed(files, &[]);
}

fn a_file_made_again_has_nothing_to_do_with_the_handles_of_the_old_one(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE] {
        save(files, b"key", "1\n");
        let old = files.open(b"key", flags).unwrap();
        files.unlink(b"key").unwrap();
        save(files, b"key", "3\n");
        old.write_at(0, b"2\n").unwrap();
        old.close().unwrap();
        assert_text(files, b"key", "3\n");
        files.unlink(b"key").unwrap();
    }
}

/// "`rm` removes." "unlink: removes the key at once."
fn removing_is_seen_in_the_store(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "1\n");
    files.unlink(b"key").unwrap();
    store.synchronize().unwrap();
    assert_eq!((store.get("key").unwrap(), store.tombstones()), (None, 1));
}
