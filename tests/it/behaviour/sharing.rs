//! Several who have one key open at once, here and elsewhere.

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{
    FileSystem, READ_WRITE, SAVE, WRITE, assert_listed, assert_missing, assert_text, save, whole,
};
use super::subject::put;

super::unlike_a_plain_directory! {
    a_shared_draft_that_nobody_has_changed_begins_with_the_newest_value
    others_read_the_last_value_while_a_key_is_changed_in_place
    two_who_create_one_key_at_once_do_not_mix
    two_who_create_one_key_to_change_it_in_place_share_it
    an_exclusive_create_follows_a_foreign_remove
    what_others_put_under_an_unlinked_name_stays_when_the_new_text_is_refused
    a_lock_file_of_another_mount_s_key_is_seen_here_only
}

/// "open for reading and writing, without `O_TRUNC`: A shared draft that nobody has changed begins with the newest value
/// whenever somebody opens it."
fn a_shared_draft_that_nobody_has_changed_begins_with_the_newest_value(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "1\n");
    let first = files.open(b"key", READ_WRITE).unwrap();
    assert_eq!(whole(&*first), b"1\n");
    put(store, "key", 222);
    let second = files.open(b"key", READ_WRITE).unwrap();
    assert_eq!(whole(&*second), b"222\n");
    assert_eq!(second.stat().unwrap().size, 4);
    second.write_at(0, b"3").unwrap();
    put(store, "key", 4);
    let third = files.open(b"key", READ_WRITE).unwrap();
    assert_eq!(whole(&*third), b"322\n", "now it has been changed");
    third.close().unwrap();
    assert_text(files, b"key", "322\n");
}

/// "open for reading and writing, without `O_TRUNC`: others who open it read the last value, with its size."
fn others_read_the_last_value_while_a_key_is_changed_in_place(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", READ_WRITE).unwrap();
    file.write_at(0, b"[1, 2,").unwrap();
    assert_text(files, b"key", "1\n");
    file.write_at(6, b" 3]\n").unwrap();
    assert_text(files, b"key", "1\n");
    file.close().unwrap();
    assert_text(files, b"key", "[\n  1,\n  2,\n  3\n]\n");
}

/// "create: who creates it writes to a draft of his own, so two who create one key at once do not mix."
fn two_who_create_one_key_at_once_do_not_mix(files: &dyn FileSystem, _: &Store) {
    for flags in [SAVE, WRITE | OFlags::CREATE, READ_WRITE | OFlags::CREATE | OFlags::TRUNC] {
        let (first, second) = (files.open(b"key", flags).unwrap(), files.open(b"key", flags).unwrap());
        first.write_at(0, b"[1,").unwrap();
        second.write_at(0, b"\"the").unwrap();
        first.write_at(3, b"2]").unwrap();
        first.close().unwrap();
        assert_text(files, b"key", "[\n  1,\n  2\n]\n");
        second.write_at(4, b" second\"").unwrap();
        second.close().unwrap();
        assert_text(files, b"key", "\"the second\"\n");
        files.unlink(b"key").unwrap();
    }
}

/// "create: with `O_RDWR` and neither `O_TRUNC` nor `O_EXCL` they share one, as of a key that is there."
fn two_who_create_one_key_to_change_it_in_place_share_it(files: &dyn FileSystem, _: &Store) {
    let flags = READ_WRITE | OFlags::CREATE;
    let (first, second) = (files.open(b"key", flags).unwrap(), files.open(b"key", flags).unwrap());
    first.write_at(0, b"[1,").unwrap();
    assert_eq!(whole(&*second), b"[1,");
    second.write_at(3, b"2]").unwrap();
    second.close().unwrap();
    first.close().unwrap();
    assert_text(files, b"key", "[\n  1,\n  2\n]\n");
}

/// "`O_EXCL` on a name that others have just removed is exact; so is everything that opens or lists."
fn an_exclusive_create_follows_a_foreign_remove(files: &dyn FileSystem, store: &Store) {
    for _ in 0..10 {
        put(store, "key", 1);
        assert_text(files, b"key", "1\n");
        store.remove("key").unwrap();
        let file = files.open(b"key", SAVE | OFlags::EXCL).unwrap();
        file.write_at(0, b"2").unwrap();
        file.close().unwrap();
        assert_text(files, b"key", "2\n");
        store.remove("key").unwrap();
        assert_eq!(files.open(b"key", READ_WRITE).err(), Some(Errno::NOENT));
        assert_listed(files, &[]);
    }
}

/// "unlink: unless somebody else has put the key."
fn what_others_put_under_an_unlinked_name_stays_when_the_new_text_is_refused(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "1\n");
    files.unlink(b"key").unwrap();
    let file = files.open(b"key", SAVE).unwrap();
    file.write_at(0, b"[2, ").unwrap();
    put(store, "key", 3);
    assert_eq!(file.close(), Err(Errno::INVAL));
    for _ in 0..2 {
        assert_text(files, b"key", "3\n");
        // By then the end of the handle is known, too.
        files.let_time_pass();
    }
    store.synchronize().unwrap();
    assert_eq!(store.get("key").unwrap().unwrap().to_string(), "3");
}

/// "They are seen in this mount only."
fn a_lock_file_of_another_mount_s_key_is_seen_here_only(files: &dyn FileSystem, store: &Store) {
    put(store, "key", 1);
    save(files, b".#key", "1");
    let other = super::subject::vfs_of(store.path(), true);
    let other = super::kernel::Kernel::new(&other);
    assert_listed(&other, &["key"]);
    assert_missing(&other, b".#key");
}
