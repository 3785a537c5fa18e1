//! What is too large, and what is too many.

use keyfs::Store;
use keyfs::vfs::Limits;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{FileSystem, READ, READ_WRITE, SAVE, WRITE, assert_text, save, try_save};
use super::kernel::Kernel;
use super::subject::{vfs_with_limits, vfs_without_a_shelf};

super::unlike_a_plain_directory! {
    no_draft_is_larger_than_a_record_may_be
    no_scratch_file_is_larger_either
}

/// The most bytes of one file.
const MOST: u64 = 256 << 20;

/// "write: `EFBIG` beyond 256 MiB." "truncate with a handle: `EFBIG` beyond 256 MiB."
fn no_draft_is_larger_than_a_record_may_be(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    for flags in [SAVE, WRITE, READ_WRITE] {
        let file = files.open(b"key", flags).unwrap();
        for offset in [MOST, 1 << 40] {
            assert_eq!(file.write_at(offset, b"22"), Err(Errno::FBIG), "{flags:?}");
        }
        assert_eq!(file.truncate(MOST + 1), Err(Errno::FBIG), "{flags:?}");
        file.close().unwrap();
        assert_text(files, b"key", "1\n");
    }
}

/// "At most 10,000 names, at most 256 MiB a file": the second half.
fn no_scratch_file_is_larger_either(files: &dyn FileSystem, _: &Store) {
    let file = files.open(b".x", SAVE).unwrap();
    file.truncate(MOST).unwrap();
    assert_eq!(file.write_at(MOST - 1, b"x"), Ok(1));
    for offset in [MOST, MOST - 1] {
        assert_eq!(file.write_at(offset, b"xx"), Err(Errno::FBIG));
    }
    assert_eq!(file.truncate(MOST + 1), Err(Errno::FBIG));
    assert_eq!(files.truncate(b".x", MOST + 1), Err(Errno::FBIG));
    assert_eq!(file.stat().unwrap().size, MOST);
}

/// "create: `ENOSPC` beyond 10,000 scratch files and placeholders." "rename key to scratch: `ENOSPC` beyond 10,000 scratch
/// files and placeholders." "At most 10,000 names, at most 256 MiB a file."
#[test]
fn no_more_than_ten_thousand_files_are_no_keys() {
    let directory = tempfile::tempdir().unwrap();
    let vfs = vfs_without_a_shelf(directory.path());
    let files = Kernel::new(&vfs);
    save(&files, b"key", "1\n");
    for number in 0..10_000 {
        let name = if number < 9_000 { format!("new {number}") } else { format!(".{number}") };
        drop(files.open(name.as_bytes(), READ | OFlags::CREATE).unwrap());
    }
    for name in [&b"one more"[..], b".one more", b"one more.tmp"] {
        assert_eq!(try_save(&files, name, "1\n"), Err(Errno::NOSPC));
    }
    assert_eq!(files.symlink(b".link", b"target"), Err(Errno::NOSPC));
    assert_eq!(files.rename(b"key", b"key~"), Err(Errno::NOSPC));
    assert_text(&files, b"key", "1\n");
    save(&files, b"key", "2\n");
    save(&files, b"new 1", "1\n");
    save(&files, b".one more", "now there is room");
}

/// Runs on a file system with these limits.
fn with_limits(limits: Limits, test: impl FnOnce(&Kernel<'_>)) {
    let directory = tempfile::tempdir().unwrap();
    let vfs = vfs_with_limits(directory.path(), limits);
    test(&Kernel::new(&vfs));
}

/// The text of a string of so many bytes, and none behind it.
fn string(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

/// "What a mount holds beside the store is bounded. Whatever would be more is refused before memory is taken for it." "`max_drafts`: bytes of all drafts together, which are in memory: `ENOSPC` beyond 1 GiB"
#[test]
fn all_drafts_together_have_a_limit() {
    with_limits(Limits { draft_bytes: 100, ..Limits::default() }, |files| {
        save(files, b"value", string(80));
        let one = files.open(b"one", SAVE).unwrap();
        let other = files.open(b"other", SAVE).unwrap();
        assert_eq!(one.write_at(0, string(60).as_bytes()), Ok(60));
        assert_eq!(other.write_at(0, string(41).as_bytes()), Err(Errno::NOSPC));
        assert_eq!(other.truncate(41), Err(Errno::NOSPC));
        assert_eq!(files.open(b"value", READ_WRITE).err(), Some(Errno::NOSPC));
        assert_eq!(other.write_at(0, string(40).as_bytes()), Ok(40), "what was refused has taken nothing");
        assert_eq!(other.write_at(0, string(40).as_bytes()), Ok(40), "to write over a text takes no more");
        one.close().unwrap();
        assert_eq!(other.truncate(0), Ok(()));
        assert_eq!(other.write_at(0, string(100).as_bytes()), Ok(100), "what was closed is given back");
        other.close().unwrap();
        assert_text(files, b"one", &format!("{}\n", string(60)));
        assert_text(files, b"other", &format!("{}\n", string(100)));
    });
}

/// "`max_scratch`: bytes of all scratch files together, which are on disk (holes do not count): `ENOSPC` beyond 4 GiB"
#[test]
fn all_scratch_files_together_have_a_limit() {
    with_limits(Limits { scratch_bytes: 100, ..Limits::default() }, |files| {
        save(files, b"key", string(45));
        save(files, b".one", string(60));
        let other = files.open(b".other", SAVE).unwrap();
        assert_eq!(other.write_at(0, string(41).as_bytes()), Err(Errno::NOSPC));
        assert_eq!(other.truncate(41), Err(Errno::NOSPC));
        assert_eq!(files.rename(b"key", b"key~"), Err(Errno::NOSPC));
        assert_text(files, b"key", &format!("{}\n", string(45)));
        assert_eq!(other.write_at(0, string(40).as_bytes()), Ok(40));
        assert_eq!(other.write_at(0, string(40).as_bytes()), Ok(40), "to write over bytes takes no more");
        let one = files.open(b".one", READ).unwrap();
        files.unlink(b".one").unwrap();
        assert_eq!(other.write_at(40, b"x"), Err(Errno::NOSPC), "what is still open is still there");
        drop(one);
        assert_eq!(other.write_at(40, string(60).as_bytes()), Ok(60), "what has gone is given back");
        files.unlink(b".other").unwrap();
        drop(other);
        let holes = files.open(b".holes", SAVE).unwrap();
        assert_eq!(holes.truncate(90), Ok(()));
        save(files, b".full", string(100));
    });
}

/// "`max_scratch_files`: scratch files, and keys that were created and have no value yet: `ENOSPC` beyond 10,000"
#[test]
fn the_number_of_scratch_files_can_be_set() {
    with_limits(Limits { nameless_files: 2, ..Limits::default() }, |files| {
        save(files, b".one", "");
        drop(files.open(b"other", SAVE).unwrap());
        assert_eq!(try_save(files, b".more", ""), Err(Errno::NOSPC));
        save(files, b"other", "1");
        save(files, b".more", "");
    });
}

/// "`max_open_files`: open files and directories: `ENFILE` beyond 65,536"
#[test]
fn the_number_of_open_files_has_a_limit() {
    with_limits(Limits { open_files: 2, ..Limits::default() }, |files| {
        save(files, b"key", "1\n");
        let one = files.open(b"key", READ).unwrap();
        let other = files.open(b".x", SAVE).unwrap();
        for (name, flags) in [(&b"key"[..], READ), (b"key", SAVE), (b"new", SAVE), (b".new", SAVE)] {
            assert_eq!(files.open(name, flags).err(), Some(Errno::NFILE), "{}", String::from_utf8_lossy(name));
        }
        assert_eq!(files.list(b".").err(), Some(Errno::NFILE));
        drop(one);
        assert_text(files, b"key", "1\n");
        drop(other);
        assert_eq!(files.list(b".").unwrap().len(), 2);
    });
}

/// "`max_file`: bytes of one draft or scratch file, at most 256 MiB: `EFBIG` beyond"
#[test]
fn the_size_of_a_file_can_be_set() {
    with_limits(Limits { file_bytes: 10, ..Limits::default() }, |files| {
        for name in [&b"key"[..], b".x"] {
            assert_eq!(try_save(files, name, string(11)), Err(Errno::FBIG));
            save(files, name, string(10));
            let file = files.open(name, WRITE).unwrap();
            assert_eq!(file.truncate(11), Err(Errno::FBIG));
        }
        assert_eq!(files.truncate(b"key", 11), Err(Errno::FBIG));
    });
}

/// "`max_rejected` and `max_rejected_texts`: bytes and number of the refused texts: the oldest go beyond 64 MiB and 100"
#[test]
fn the_number_of_refused_texts_can_be_set() {
    with_limits(Limits { rejected_texts: 2, rejected_bytes: 10, ..Limits::default() }, |files| {
        for name in [&b"a"[..], b"b", b"c"] {
            assert_eq!(try_save(files, name, "no"), Err(Errno::INVAL));
        }
        let kept = |name: &[u8]| files.stat(&[b".keyfs/rejected/", name].concat()).map(|_| ());
        assert_eq!([kept(b"a"), kept(b"b"), kept(b"c")], [Err(Errno::NOENT), Ok(()), Ok(())]);
        assert_eq!(try_save(files, b"d", format!("no {}", "x".repeat(6))), Err(Errno::INVAL));
        assert_eq!([kept(b"b"), kept(b"c"), kept(b"d")], [Err(Errno::NOENT), Err(Errno::NOENT), Ok(())]);
    });
}
