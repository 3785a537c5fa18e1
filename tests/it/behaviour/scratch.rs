//! Files that are never keys.

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{
    APPEND, FileSystem, READ, READ_WRITE, SAVE, assert_listed, assert_text, save, text, try_text, whole,
};

super::as_on_a_plain_directory! {
    scratch_files_take_any_bytes
    scratch_files_are_listed
    scratch_files_are_appended_cut_and_overwritten
    all_handles_of_a_scratch_file_see_the_same_bytes
    a_scratch_file_saved_twice_has_the_last_bytes
}

super::unlike_a_plain_directory! {
    scratch_files_never_reach_the_store
    a_scratch_file_that_is_no_value_becomes_no_key
}

const SCRATCH: [&str; 5] = [".x", "x~", "#x#", ".key.swp", "~"];

fn scratch_files_take_any_bytes(files: &dyn FileSystem) {
    for name in SCRATCH {
        for bytes in [&b"no JSON"[..], b"", b"\0\xff\n", b"{", b"1"] {
            save(files, name.as_bytes(), bytes);
            let file = files.open(name.as_bytes(), READ).unwrap();
            assert_eq!(whole(&*file), bytes, "{name}");
            assert_eq!(files.stat(name.as_bytes()).unwrap().size, bytes.len() as u64, "{name}");
        }
    }
}

fn scratch_files_are_listed(files: &dyn FileSystem) {
    for name in SCRATCH {
        save(files, name.as_bytes(), "x");
    }
    save(files, b"key", "1\n");
    assert_listed(files, &[&SCRATCH[..], &["key"]].concat());
    files.unlink(b".x").unwrap();
    assert_listed(files, &[&SCRATCH[1..], &["key"]].concat());
}

/// "truncate with a handle: a scratch file likewise."
fn scratch_files_are_appended_cut_and_overwritten(files: &dyn FileSystem) {
    save(files, b".x", "abc");
    let file = files.open(b".x", APPEND).unwrap();
    file.write_at(0, b"def").unwrap();
    file.close().unwrap();
    assert_text(files, b".x", "abcdef");
    files.truncate(b".x", 4).unwrap();
    assert_text(files, b".x", "abcd");
    files.truncate(b".x", 6).unwrap();
    assert_text(files, b".x", "abcd\0\0");
    let file = files.open(b".x", READ_WRITE).unwrap();
    file.write_at(1, b"XY").unwrap();
    assert_eq!(whole(&*file), b"aXYd\0\0");
    file.close().unwrap();
    assert_text(files, b".x", "aXYd\0\0");
    files.truncate(b".x", 0).unwrap();
    assert_text(files, b".x", "");
}

/// "unlink: or the scratch file, which open handles of it keep." "create: A scratch file is there at once." "lookup: or
/// a scratch file of this mount."
fn all_handles_of_a_scratch_file_see_the_same_bytes(files: &dyn FileSystem) {
    let writer = files.open(b".x", SAVE | OFlags::EXCL).unwrap();
    let reader = files.open(b".x", READ).unwrap();
    writer.write_at(0, b"one").unwrap();
    assert_eq!(whole(&*reader), b"one");
    writer.write_at(3, b" two").unwrap();
    assert_eq!(whole(&*reader), b"one two");
    writer.close().unwrap();
    files.unlink(b".x").unwrap();
    assert_eq!(whole(&*reader), b"one two");
}

fn a_scratch_file_saved_twice_has_the_last_bytes(files: &dyn FileSystem) {
    save(files, b"x~", "the first text");
    save(files, b"x~", "second");
    assert_text(files, b"x~", "second");
}

/// "Scratch files [...] never reach `d/`." "Names that begin with `.`, end with `~`, or begin and end with `#` are
/// scratch files, never keys."
fn scratch_files_never_reach_the_store(files: &dyn FileSystem, store: &Store) {
    for name in SCRATCH {
        save(files, name.as_bytes(), "1\n");
    }
    files.rename(b".x", b".y").unwrap();
    files.unlink(b"x~").unwrap();
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (0, 0));
}

/// "Text that is not JSON never replaces a value." "rename scratch to key: `EINVAL` when it is not JSON or blank: the
/// scratch file keeps it; what is not JSON is kept under `.keyfs/rejected/`, too."
fn a_scratch_file_that_is_no_value_becomes_no_key(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    for (bytes, refused) in [("{no", true), ("", false), (" \n", false)] {
        save(files, b".x", bytes);
        assert_eq!(files.rename(b".x", b"key"), Err(Errno::INVAL), "{bytes:?}");
        assert_text(files, b".x", bytes);
        assert_text(files, b"key", "1\n");
        assert_eq!(files.rename(b".x", b"new"), Err(Errno::INVAL), "{bytes:?}");
        assert_listed(files, &[".x", "key"]);
        if refused {
            assert_eq!(text(files, b".keyfs/rejected/key"), bytes);
            let reason = try_text(files, b".keyfs/rejected/key.error").unwrap();
            assert!(reason.contains("line 1") && reason.ends_with("\n  {no\n   ^\n"), "{reason}");
        }
    }
}
