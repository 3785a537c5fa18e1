//! Sizes, times, modes, and the space that is left.

use std::time::{Duration, SystemTime};

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{FileSystem, READ, READ_WRITE, SAVE, assert_listed, assert_text, save};
use super::subject::put;

super::as_on_a_plain_directory! {
    the_size_is_exact
    the_size_follows_what_is_written
    files_and_directories_are_what_they_are
    a_missing_file_has_no_attributes
    a_saved_file_was_modified_now
    mode_and_times_can_be_set
    the_owner_may_write
    the_file_system_has_space
    a_file_is_no_directory
}

super::unlike_a_plain_directory! {
    the_time_of_modification_is_that_of_the_record
    setting_mode_or_time_writes_no_record
}

/// "stat: `st_size` is the exact length of the text."
fn the_size_is_exact(files: &dyn FileSystem) {
    for saved in ["1\n", "\"漢字 🎉\"\n", "[\n  1,\n  {\n    \"a\": \"\\u0001\"\n  }\n]\n"] {
        save(files, b"key", saved);
        assert_eq!(files.stat(b"key").unwrap().size, saved.len() as u64);
        let file = files.open(b"key", READ).unwrap();
        assert_eq!(file.stat().unwrap().size, saved.len() as u64);
        assert_eq!(file.read_at(0, 1000).unwrap().len(), saved.len());
    }
}

fn the_size_follows_what_is_written(files: &dyn FileSystem) {
    let file = files.open(b"key", SAVE).unwrap();
    for (written, size) in [("[", 1), ("\n  1\n", 6), ("]\n", 8)] {
        file.write_at(size - written.len() as u64, written.as_bytes()).unwrap();
        assert_eq!(file.stat().unwrap().size, size);
    }
    file.close().unwrap();
    assert_text(files, b"key", "[\n  1\n]\n");
}

fn files_and_directories_are_what_they_are(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    save(files, b".scratch", "1\n");
    assert!(files.stat(b".").unwrap().is_directory);
    assert!(!files.stat(b"key").unwrap().is_directory);
    assert!(!files.stat(b".scratch").unwrap().is_directory);
    assert_eq!(files.open(b".", OFlags::WRONLY).err(), Some(Errno::ISDIR));
}

fn a_missing_file_has_no_attributes(files: &dyn FileSystem) {
    assert_eq!(files.stat(b"key"), Err(Errno::NOENT));
    assert_eq!(files.chmod(b"key", 0o600), Err(Errno::NOENT));
    assert_eq!(files.set_modified(b"key", SystemTime::now()), Err(Errno::NOENT));
}

fn a_saved_file_was_modified_now(files: &dyn FileSystem) {
    for name in [&b"key"[..], b".scratch"] {
        // The clock of a file system may be a tick behind.
        let before = SystemTime::now() - Duration::from_millis(20);
        save(files, name, "1\n");
        let modified = files.stat(name).unwrap().modified;
        assert!(before <= modified && modified <= SystemTime::now(), "{before:?} {modified:?}");
    }
}

/// "chmod, utimens, chown to oneself: succeed; [...] of a scratch file mode and time do."
fn mode_and_times_can_be_set(files: &dyn FileSystem) {
    for name in [&b"key"[..], b".scratch"] {
        save(files, name, "1\n");
        files.chmod(name, 0o600).unwrap();
        files.set_modified(name, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
        assert_text(files, name, "1\n");
        save(files, name, "2\n");
        assert_text(files, name, "2\n");
    }
    files.chmod(b".scratch", 0o640).unwrap();
    assert_eq!(files.stat(b".scratch").unwrap().mode, 0o640);
}

fn the_owner_may_write(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    assert_eq!(files.stat(b"key").unwrap().mode & 0o700, 0o600);
    assert_eq!(files.stat(b".").unwrap().mode & 0o700, 0o700);
}

fn the_file_system_has_space(files: &dyn FileSystem) {
    let (blocks, free) = files.space().unwrap();
    assert!(blocks > 0 && free > 0 && free <= blocks, "{free} of {blocks} blocks are free");
}

fn a_file_is_no_directory(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    assert_eq!(files.list(b"key"), Err(Errno::NOTDIR));
    assert_eq!(files.stat(b"key/x"), Err(Errno::NOTDIR));
    assert_eq!(files.open(b"key/x", SAVE).err(), Some(Errno::NOTDIR));
    assert_listed(files, &["key"]);
}

/// "`st_mtime` is the record's timestamp to the microsecond." "stat: `st_mtime` the record's timestamp."
fn the_time_of_modification_is_that_of_the_record(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "1\n");
    store.synchronize().unwrap();
    let timestamp = store.version("key").unwrap().timestamp;
    assert_eq!(files.stat(b"key").unwrap().modified, timestamp.to_system_time());
    let timestamp = put(store, "key", 2);
    let file = files.open(b"key", READ).unwrap();
    assert_eq!(file.stat().unwrap().modified, timestamp.to_system_time());
    let timestamp = put(store, "new", 2);
    assert_eq!(files.stat(b"new").unwrap().modified, timestamp.to_system_time());
}

/// "`chmod`, `chown` to oneself and `touch` succeed and change no value." "chmod, utimens, chown to oneself: succeed;
/// of a key nothing changes."
fn setting_mode_or_time_writes_no_record(files: &dyn FileSystem, store: &Store) {
    let timestamp = put(store, "key", 1);
    files.chmod(b"key", 0o600).unwrap();
    files.set_modified(b"key", SystemTime::UNIX_EPOCH).unwrap();
    for flags in [SAVE, READ_WRITE] {
        files.open(b"key", flags).unwrap().close().unwrap();
    }
    store.synchronize().unwrap();
    assert_eq!(store.version("key").unwrap().timestamp, timestamp);
    let stat = files.stat(b"key").unwrap();
    assert_eq!((stat.mode, stat.modified), (0o644, timestamp.to_system_time()));
}
