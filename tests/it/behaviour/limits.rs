//! What is too large, and what is too many.

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{FileSystem, READ, READ_WRITE, SAVE, WRITE, assert_text, save, try_save};
use super::kernel::Kernel;
use super::subject::vfs_without_a_shelf;

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
