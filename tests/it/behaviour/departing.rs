//! Keys that are renamed to make room for a new file.

use keyfs::Store;
use rustix::io::Errno;

use super::file_system::{FileSystem, SAVE, WRITE, assert_listed, assert_missing, assert_text, save};
use super::kernel::Kernel;
use super::subject::{foreign_store, put, vfs_of};

super::unlike_a_plain_directory! {
    others_never_see_the_key_absent
    a_key_that_becomes_its_own_name_and_more_is_removed_in_a_moment
    the_removal_waits_for_who_writes_the_name
    what_others_put_meanwhile_stays_and_is_shown
    a_draft_of_a_key_that_became_a_scratch_file_is_dropped
    an_empty_file_does_not_take_the_place_of_a_value
    what_has_no_value_or_looks_temporary_is_not_exchanged
}

fn value(store: &Store, key: &str) -> Option<String> {
    store.synchronize().unwrap();
    store.get(key).unwrap().map(|value| value.to_string())
}

/// "To others this is one put: they never see the key absent."
fn others_never_see_the_key_absent(files: &dyn FileSystem, store: &Store) {
    for backup in [&b"a~"[..], b"a.bak"] {
        save(files, b"a", "1\n");
        files.rename(b"a", backup).unwrap();
        assert_eq!(value(store, "a").as_deref(), Some("1"));
        let file = files.open(b"a", SAVE).unwrap();
        file.write_at(0, b"[2").unwrap();
        assert_eq!(value(store, "a").as_deref(), Some("1"));
        file.write_at(2, b"]").unwrap();
        file.close().unwrap();
        assert_eq!(value(store, "a").as_deref(), Some("[2]"));
        files.unlink(backup).unwrap();
        assert_eq!(value(store, "a").as_deref(), Some("[2]"));
    }
    files.let_time_pass();
    assert_eq!((value(store, "a").as_deref(), value(store, "a.bak")), (Some("[2]"), None));
}

/// "rename key to key: unless the new name is the old one with a dot and more (`KEY.bak`): then as a key that becomes a
/// scratch file." "So a key that becomes a scratch file, or a key of its own name with a dot and more, is gone in this
/// mount at once, and is removed from the store two seconds later."
fn a_key_that_becomes_its_own_name_and_more_is_removed_in_a_moment(files: &dyn FileSystem, store: &Store) {
    for (backup, is_removed_at_once) in [(&b"a.bak"[..], false), (b"abak", true)] {
        save(files, b"a", "1\n");
        files.rename(b"a", backup).unwrap();
        assert_missing(files, b"a");
        assert_text(files, backup, "1\n");
        assert_eq!(value(store, "a").is_none(), is_removed_at_once);
        files.let_time_pass();
        assert_eq!(value(store, "a"), None);
        assert_text(files, backup, "1\n");
        files.unlink(backup).unwrap();
    }
}

/// "While somebody has the name open for writing, the removal waits."
fn the_removal_waits_for_who_writes_the_name(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    files.rename(b"a", b"a~").unwrap();
    let file = files.open(b"a", SAVE).unwrap();
    files.let_time_pass();
    assert_eq!(value(store, "a").as_deref(), Some("1"));
    drop(file);
}

/// "What somebody else has put under the key meanwhile stays, and is shown."
fn what_others_put_meanwhile_stays_and_is_shown(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    files.rename(b"a", b"a~").unwrap();
    put(store, "a", 22);
    assert_text(files, b"a", "22\n");
    files.let_time_pass();
    assert_eq!(value(store, "a").as_deref(), Some("22"));
    assert_listed(files, &["a", "a~"]);
}

/// "rename key to scratch: Open drafts of the key are dropped."
fn a_draft_of_a_key_that_became_a_scratch_file_is_dropped(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    let file = files.open(b"a", WRITE).unwrap();
    file.write_at(0, b"2").unwrap();
    files.rename(b"a", b"a~").unwrap();
    file.write_at(0, b"3").unwrap();
    assert_eq!(file.close(), Ok(()));
    assert_missing(files, b"a");
    assert_text(files, b"a~", "1\n");
    files.let_time_pass();
    assert_eq!(value(store, "a"), None);
}

/// "rename key to key: `EINVAL` for a placeholder in place of a value."
fn an_empty_file_does_not_take_the_place_of_a_value(files: &dyn FileSystem, _: &Store) {
    save(files, b"new", "");
    save(files, b"key", "1\n");
    assert_eq!(files.rename(b"new", b"key"), Err(Errno::INVAL));
    assert_text(files, b"key", "1\n");
    assert_text(files, b"new", "");
}

/// "rename with `RENAME_EXCHANGE`: for a placeholder, and for a name that looks temporary."
fn what_has_no_value_or_looks_temporary_is_not_exchanged(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    save(files, b".scratch", "2\n");
    save(files, b"placeholder", "");
    files.make_temporary(b"temporary").unwrap().close().unwrap();
    for (one, other) in [(&b"key"[..], &b"placeholder"[..]), (b".scratch", b"temporary"), (b"key", b"temporary")] {
        assert_eq!(files.exchange(one, other), Err(Errno::INVAL), "{}", other.escape_ascii());
        assert_eq!(files.exchange(other, one), Err(Errno::INVAL), "{}", other.escape_ascii());
    }
    assert_text(files, b"key", "1\n");
    assert_text(files, b".scratch", "2\n");
}

/// Renames keys away, has the directory synced, and looks at the store at once.
fn syncing_the_directory(files: &dyn FileSystem, store: &Store, sync: impl FnOnce()) {
    for backup in [&b"a~"[..], b"b.bak"] {
        save(files, &backup[..1], "1\n");
        files.rename(&backup[..1], backup).unwrap();
    }
    assert_eq!(value(store, "a").as_deref(), Some("1"));
    sync();
    assert_eq!((value(store, "a"), value(store, "b"), value(store, "b.bak").as_deref()), (None, None, Some("1")));
}

/// "`fsync` of the directory remove what waits."
#[test]
fn on_the_vfs_syncing_the_directory_removes_what_waits() {
    let directory = tempfile::tempdir().unwrap();
    let vfs = vfs_of(directory.path(), false);
    let sync = || vfs.make_all_durable().unwrap();
    syncing_the_directory(&Kernel::new(&vfs), &foreign_store(directory.path()), sync);
}

#[cfg(all(feature = "cli", feature = "fuse"))]
#[test]
fn on_a_mount_syncing_the_directory_removes_what_waits() {
    let Some(mounted) = crate::mounted::Mounted::new() else { return };
    let sync = || std::fs::File::open(mounted.path()).unwrap().sync_all().unwrap();
    syncing_the_directory(&super::os::Os::new(mounted.path()), &foreign_store(&mounted.store_path()), sync);
}
