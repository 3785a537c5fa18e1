//! Symbolic links, with which editors lock files.

use std::time::{Duration, UNIX_EPOCH};

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{FileSystem, READ, SAVE, assert_listed, assert_missing, assert_text, save, text};
use super::subject::put;

super::as_on_a_plain_directory! {
    a_link_tells_its_target
    a_link_is_opened_as_what_it_leads_to
    a_link_is_made_once_only
    a_link_is_renamed_and_unlinked
    a_file_takes_the_place_of_a_link_and_a_link_that_of_a_file
    a_link_is_not_created_through
    targets_that_cannot_be_are_refused
}

super::unlike_a_plain_directory! {
    only_scratch_files_are_links
    a_link_becomes_no_key
    a_key_takes_the_place_of_a_link
}

const LOCK: &[u8] = b".#key";
const TARGET: &[u8] = b"user@host.1234:1700000000";

/// "symlink, readlink: a scratch file can be a symbolic link, with which editors lock files; size = length of the
/// target, mode 0777." "They are regular files or symbolic links."
fn a_link_tells_its_target(files: &dyn FileSystem) {
    for target in [TARGET, b"x", &[b'y'; 4095]] {
        files.symlink(LOCK, target).unwrap();
        assert_eq!(files.read_link(LOCK).unwrap(), target);
        let stat = files.stat(LOCK).unwrap();
        assert!(stat.is_symlink && !stat.is_directory);
        assert_eq!((stat.size, stat.mode), (target.len() as u64, 0o777));
        assert!(stat.modified > UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        assert_listed(files, &[".#key"]);
        files.unlink(LOCK).unwrap();
        assert_missing(files, LOCK);
    }
}

fn a_link_is_opened_as_what_it_leads_to(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    files.symlink(b".link", b"key").unwrap();
    assert_eq!(text(files, b".link"), "1\n");
    assert_eq!(files.open(b".link", READ | OFlags::NOFOLLOW).err(), Some(Errno::LOOP));
    save(files, b".link", "2\n");
    assert_text(files, b"key", "2\n");
    files.unlink(b"key").unwrap();
    assert_eq!(files.open(b".link", READ).err(), Some(Errno::NOENT));
    assert!(files.stat(b".link").unwrap().is_symlink, "it leads nowhere and is there");
    save(files, b".link", "3\n");
    assert_text(files, b"key", "3\n");
}

/// "symlink, readlink: `EEXIST`."
fn a_link_is_made_once_only(files: &dyn FileSystem) {
    files.symlink(LOCK, TARGET).unwrap();
    save(files, b".file", "x");
    save(files, b"key", "1\n");
    for taken in [LOCK, b".file", b"key"] {
        assert_eq!(files.symlink(taken, b"other"), Err(Errno::EXIST));
    }
    assert_eq!(files.read_link(LOCK).unwrap(), TARGET);
    for none in [&b".file"[..], b"key"] {
        assert_eq!(files.read_link(none), Err(Errno::INVAL));
    }
}

/// "rename scratch to scratch: moves, symbolic links too."
fn a_link_is_renamed_and_unlinked(files: &dyn FileSystem) {
    files.symlink(LOCK, TARGET).unwrap();
    files.rename(LOCK, b".other").unwrap();
    assert_missing(files, LOCK);
    assert_eq!(files.read_link(b".other").unwrap(), TARGET);
    assert_eq!(files.rename_no_replace(b".other", b".other"), Err(Errno::EXIST));
    files.symlink(LOCK, b"again").unwrap();
    assert_eq!(files.rename_no_replace(LOCK, b".other"), Err(Errno::EXIST));
    files.rename(LOCK, b".other").unwrap();
    assert_eq!(files.read_link(b".other").unwrap(), b"again");
    assert_listed(files, &[".other"]);
    files.unlink(b".other").unwrap();
    assert_eq!(files.unlink(b".other"), Err(Errno::NOENT));
    assert_listed(files, &[]);
}

fn a_file_takes_the_place_of_a_link_and_a_link_that_of_a_file(files: &dyn FileSystem) {
    files.symlink(b".link", TARGET).unwrap();
    save(files, b".file", "x");
    let open = files.open(b".file", READ).unwrap();
    files.rename(b".link", b".file").unwrap();
    assert_eq!(files.read_link(b".file").unwrap(), TARGET);
    assert_eq!(open.read_at(0, 10).unwrap(), b"x");
    save(files, b".link", "y");
    files.rename(b".link", b".file").unwrap();
    assert_text(files, b".file", "y");
    assert!(!files.stat(b".file").unwrap().is_symlink);
}

fn a_link_is_not_created_through(files: &dyn FileSystem) {
    files.symlink(b".link", b".target").unwrap();
    assert_eq!(files.open(b".link", SAVE | OFlags::EXCL).err(), Some(Errno::EXIST));
    assert_listed(files, &[".link"]);
}

/// "symlink, readlink: `ENAMETOOLONG` beyond 4095 bytes; `ENOENT` for an empty target; [...] else as to create the
/// name."
fn targets_that_cannot_be_are_refused(files: &dyn FileSystem) {
    assert_eq!(files.symlink(LOCK, b""), Err(Errno::NOENT));
    assert_eq!(files.symlink(LOCK, &[b'x'; 4096]), Err(Errno::NAMETOOLONG));
    assert_eq!(files.symlink(&[b'.'; 256], b"x"), Err(Errno::NAMETOOLONG));
    assert_listed(files, &[]);
}

/// "Hard links, directories, devices: EPERM", and a key has a value, not a target. "symlink, readlink: `EPERM` for the
/// name of a key; [...] else as to create the name."
fn only_scratch_files_are_links(files: &dyn FileSystem, store: &Store) {
    assert_eq!(files.symlink(b"key", TARGET), Err(Errno::PERM));
    put(store, "key", 1);
    assert_eq!(files.symlink(b"key", TARGET), Err(Errno::EXIST));
    assert_eq!(files.symlink(b".keyfs/x", TARGET), Err(Errno::PERM));
    assert_eq!(files.symlink(b"%41", TARGET), Err(Errno::INVAL));
    files.symlink(LOCK, TARGET).unwrap();
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (1, 0));
}

/// "Text that is not JSON never replaces a value"; a link has no text at all. "rename scratch to key: `EINVAL` for a
/// symbolic link."
fn a_link_becomes_no_key(files: &dyn FileSystem, store: &Store) {
    put(store, "key", 1);
    files.symlink(LOCK, TARGET).unwrap();
    for to in [&b"key"[..], b"new"] {
        assert_eq!(files.rename(LOCK, to), Err(Errno::INVAL));
    }
    assert_eq!(files.read_link(LOCK).unwrap(), TARGET);
    assert_text(files, b"key", "1\n");
    assert_listed(files, &[".#key", "key"]);
}

/// Names that "are never keys": what a key is renamed to takes the place of whatever had the name.
fn a_key_takes_the_place_of_a_link(files: &dyn FileSystem, store: &Store) {
    put(store, "key", 1);
    files.symlink(b"key~", TARGET).unwrap();
    files.rename(b"key", b"key~").unwrap();
    assert_text(files, b"key~", "1\n");
    assert_listed(files, &["key~"]);
    files.let_time_pass();
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (0, 1));
}
