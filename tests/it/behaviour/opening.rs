//! Every combination of the flags of open(2), on a file that is there and on one that is not.

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{
    APPEND, FileSystem, READ, READ_WRITE, SAVE, WRITE, assert_listed, assert_missing, assert_text, save, text, whole,
};

super::as_on_a_plain_directory! {
    open_a_file_to_read
    open_a_file_to_write
    open_a_file_to_read_and_write
    open_a_missing_file_to_read
    open_a_missing_file_to_write
    open_a_missing_file_to_read_and_write
    what_is_not_open_for_reading_cannot_be_read
    what_is_not_open_for_writing_cannot_be_written
    two_who_want_a_new_file_get_one
}

super::unlike_a_plain_directory! {
    emptying_through_a_handle_for_reading_keeps_the_value
}

const OLD: &str = "\"old\"\n";
const NEW: &str = "\"new\"\n";

/// All combinations of `O_CREAT`, `O_EXCL`, `O_TRUNC` and `O_APPEND`.
fn combinations() -> impl Iterator<Item = OFlags> {
    (0..16).map(|bits| {
        let flags = [OFlags::CREATE, OFlags::EXCL, OFlags::TRUNC, OFlags::APPEND];
        flags.into_iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, flag)| flag).collect()
    })
}

/// Opens an existing file in every way of one access, and asserts what happens to its content.
fn open_existing(files: &dyn FileSystem, access: OFlags) {
    for flags in combinations().map(|flags| flags | access) {
        if access == READ && flags.contains(OFlags::TRUNC) {
            // POSIX does not say what this does: see the last behaviour.
            continue;
        }
        save(files, b"key", OLD);
        let opened = files.open(b"key", flags);
        if flags.contains(OFlags::CREATE | OFlags::EXCL) {
            assert_eq!(opened.err(), Some(Errno::EXIST), "{flags:?}");
            assert_text(files, b"key", OLD);
            continue;
        }
        let file = opened.unwrap_or_else(|error| panic!("{flags:?}: {error}"));
        let kept = if flags.contains(OFlags::TRUNC) { "" } else { OLD };
        assert_eq!(file.stat().unwrap().size, kept.len() as u64, "{flags:?}: the size when opened");
        if access != WRITE {
            assert_eq!(whole(&*file), kept.as_bytes(), "{flags:?}: the text when opened");
        }
        if access == READ {
            assert_eq!(file.write_at(0, b"1"), Err(Errno::BADF), "{flags:?}");
            assert_eq!(file.close(), Ok(()), "{flags:?}");
            assert_text(files, b"key", OLD);
            continue;
        }
        if flags.contains(OFlags::APPEND) {
            // White space: after a value nothing else can be JSON.
            assert_eq!(file.write_at(0, b"\n"), Ok(1), "{flags:?}");
            let size = kept.len() as u64 + 1;
            assert_eq!(file.stat().unwrap().size, size, "{flags:?}: the size after appending");
            file.truncate(0).unwrap();
            assert_eq!(file.write_at(3, NEW.as_bytes()), Ok(NEW.len()), "{flags:?}: appended, wherever it is written");
        } else {
            assert_eq!(file.write_at(0, NEW.as_bytes()), Ok(NEW.len()), "{flags:?}");
        }
        assert_eq!(file.close(), Ok(()), "{flags:?}");
        assert_text(files, b"key", NEW);
    }
}

/// Opens a missing file in every way of one access, and asserts what becomes of it.
fn open_missing(files: &dyn FileSystem, access: OFlags) {
    for flags in combinations().map(|flags| flags | access) {
        let opened = files.open(b"key", flags);
        if !flags.contains(OFlags::CREATE) {
            assert_eq!(opened.err(), Some(Errno::NOENT), "{flags:?}");
            assert_missing(files, b"key");
            continue;
        }
        let file = opened.unwrap_or_else(|error| panic!("{flags:?}: {error}"));
        assert_eq!(file.stat().unwrap().size, 0, "{flags:?}");
        assert_listed(files, &["key"]);
        let expected = if access == READ { "" } else { NEW };
        if access == READ {
            assert_eq!(file.write_at(0, b"1"), Err(Errno::BADF), "{flags:?}");
        } else {
            assert_eq!(file.write_at(0, NEW.as_bytes()), Ok(NEW.len()), "{flags:?}");
        }
        assert_eq!(file.close(), Ok(()), "{flags:?}");
        assert_text(files, b"key", expected);
        files.unlink(b"key").unwrap_or_else(|error| panic!("{flags:?}: unlink: {error}"));
        assert_missing(files, b"key");
    }
}

fn open_a_file_to_read(files: &dyn FileSystem) {
    open_existing(files, READ);
}

/// "open for writing only, or with `O_TRUNC`: gives a draft with an inode of its own, which begins with the value's
/// text or empty."
fn open_a_file_to_write(files: &dyn FileSystem) {
    open_existing(files, WRITE);
}

fn open_a_file_to_read_and_write(files: &dyn FileSystem) {
    open_existing(files, READ_WRITE);
}

/// "open for reading: `ENOENT`."
fn open_a_missing_file_to_read(files: &dyn FileSystem) {
    open_missing(files, READ);
}

fn open_a_missing_file_to_write(files: &dyn FileSystem) {
    open_missing(files, WRITE);
}

fn open_a_missing_file_to_read_and_write(files: &dyn FileSystem) {
    open_missing(files, READ_WRITE);
}

fn what_is_not_open_for_reading_cannot_be_read(files: &dyn FileSystem) {
    save(files, b"key", OLD);
    for flags in [WRITE, SAVE, APPEND] {
        let file = files.open(b"key", flags).unwrap();
        assert_eq!(file.read_at(0, 10), Err(Errno::BADF), "{flags:?}");
    }
}

fn what_is_not_open_for_writing_cannot_be_written(files: &dyn FileSystem) {
    save(files, b"key", OLD);
    let file = files.open(b"key", READ).unwrap();
    assert_eq!(file.write_at(0, b"1"), Err(Errno::BADF));
    assert_eq!(file.truncate(0), Err(Errno::INVAL));
    assert_text(files, b"key", OLD);
}

/// "create: `EEXIST` with `O_EXCL`."
fn two_who_want_a_new_file_get_one(files: &dyn FileSystem) {
    let first = files.open(b"key", SAVE | OFlags::EXCL).unwrap();
    assert_eq!(files.open(b"key", SAVE | OFlags::EXCL).err(), Some(Errno::EXIST));
    first.write_at(0, NEW.as_bytes()).unwrap();
    first.close().unwrap();
    assert_eq!(files.open(b"key", SAVE | OFlags::EXCL).err(), Some(Errno::EXIST));
    assert_text(files, b"key", NEW);
}

/// "A blank text changes nothing."
fn emptying_through_a_handle_for_reading_keeps_the_value(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", OLD);
    for flags in [OFlags::TRUNC, OFlags::TRUNC | OFlags::CREATE, OFlags::TRUNC | OFlags::APPEND] {
        let file = files.open(b"key", READ | flags).unwrap();
        file.close().unwrap();
        assert_eq!(text(files, b"key"), OLD, "{flags:?}");
    }
    store.synchronize().unwrap();
    assert_eq!(store.get("key").unwrap().unwrap().to_string(), "\"old\"");
}
