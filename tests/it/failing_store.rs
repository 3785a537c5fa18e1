//! The file system over a store whose disk fails, or loses its power.

use keyfs::Durability::Background;
use keyfs::Store;
use keyfs::vfs::{Vfs, VfsOptions};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::actors::{reader, shown, writer};
use crate::behaviour::{FileSystem, Kernel, OpenFile, read_whole};
use crate::memory_directory::{Call, Effect, MemoryDirectory};

const READ: OFlags = OFlags::RDONLY;
const SAVE: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::TRUNC);

/// A directory with two keys, and the file system over it.
fn two_keys() -> (MemoryDirectory, Vfs<Store>) {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(1));
    directory.plant(11, "b", Some(2));
    let vfs = Vfs::new(writer(&directory, Background), VfsOptions::default());
    (directory, vfs)
}

fn fail(directory: &MemoryDirectory, errno: Errno, kind: impl Fn(Call) -> bool + Send + 'static) {
    directory.fail(move |_, call| kind(call).then_some((errno.raw_os_error(), Effect::None)));
}

fn text(files: &Kernel<'_>, name: &str) -> String {
    String::from_utf8(read_whole(&*files.open(name.as_bytes(), READ).unwrap())).unwrap()
}

fn write<'a>(files: &'a Kernel<'_>, name: &str, text: &str) -> Box<dyn OpenFile + 'a> {
    let file = files.open(name.as_bytes(), SAVE).unwrap();
    file.write_at(0, text.as_bytes()).unwrap();
    file
}

fn last_failed_save(files: &Kernel<'_>) -> serde_json::Value {
    let status: serde_json::Value = serde_json::from_str(&text(files, ".keyfs/status")).unwrap();
    status["store"]["lastFailedSave"].clone()
}

/// "close (flush), `fsync`: `ENOSPC`, `EIO` and so on of the store." "A commit that fails because the store does (disk
/// full) leaves the draft as it is; the next close or `fsync` tries again."
#[test]
fn a_save_that_fails_is_told_and_tried_again() {
    for errno in [Errno::NOSPC, Errno::IO, Errno::DQUOT] {
        let (directory, vfs) = two_keys();
        let files = Kernel::new(&vfs);
        for by_fsync in [true, false] {
            let file = write(&files, "a", "3\n");
            fail(&directory, errno, Call::writes);
            assert_eq!((file.close_duplicate(), file.fsync()), (Err(errno), Err(errno)));
            assert_eq!(shown(&reader(&directory), "a"), Some(1));
            directory.work_again();
            assert_eq!(if by_fsync { file.fsync() } else { file.close_duplicate() }, Ok(()));
            assert_eq!(shown(&reader(&directory), "a"), Some(3));
            write(&files, "a", "1\n").close().unwrap();
        }
    }
}

/// "last close (release): commits once more."
#[test]
fn the_last_close_tries_again_what_could_not_be_saved() {
    let (directory, vfs) = two_keys();
    let files = Kernel::new(&vfs);
    let file = write(&files, "a", "3\n");
    let mut first = true;
    directory.fail(move |_, call| {
        let fails = matches!(call, Call::Publish(_)) && std::mem::take(&mut first);
        fails.then_some((libc::ENOSPC, Effect::None))
    });
    assert_eq!(file.close(), Err(Errno::NOSPC));
    assert_eq!(shown(&reader(&directory), "a"), Some(3));
}

/// "and the last close keeps the text under `.keyfs/rejected/`." "last close (release): a text that is refused now is kept
/// likewise and dropped; [...] none can be reported."
#[test]
fn a_text_that_is_never_saved_is_kept() {
    let (directory, vfs) = two_keys();
    let files = Kernel::new(&vfs);
    let file = write(&files, "a", "3\n");
    fail(&directory, Errno::NOSPC, Call::writes);
    // What drops the handle expects that its release is answered well.
    assert_eq!(file.close(), Err(Errno::NOSPC));
    directory.work_again();
    assert_eq!(text(&files, ".keyfs/rejected/a"), "3\n");
    assert!(text(&files, ".keyfs/rejected/a.error").contains("No space left on device"));
    assert_eq!(text(&files, "a"), "1\n");
    assert_eq!(shown(&reader(&directory), "a"), Some(1));
}

/// "close (flush), `fsync`: `fsync` also waits until the record and its name are on disk." "fsync of the directory: waits
/// until all that was saved is on disk."
#[test]
fn what_was_synced_survives_a_loss_of_power() {
    let (directory, vfs) = two_keys();
    let files = Kernel::new(&vfs);
    let left =
        |key: &str| directory.after_power_loss().iter().map(|left| shown(&reader(left), key)).collect::<Vec<_>>();
    // Nothing is made durable behind the back of the test.
    fail(&directory, Errno::IO, Call::syncs);
    let file = write(&files, "a", "3\n");
    assert_eq!(file.fsync(), Err(Errno::IO));
    assert!(left("a").contains(&Some(1)));
    directory.work_again();
    assert_eq!(file.fsync(), Ok(()));
    assert!(left("a").iter().all(|&found| found == Some(3)), "{:?}", left("a"));
    fail(&directory, Errno::IO, Call::syncs);
    for (key, text) in [("a", "4\n"), ("b", "5\n")] {
        write(&files, key, text).close().unwrap();
    }
    assert!(vfs.make_all_durable().is_err());
    assert!(left("a").contains(&Some(3)) && left("b").contains(&Some(2)));
    directory.work_again();
    vfs.make_all_durable().unwrap();
    assert!(left("a").iter().all(|&found| found == Some(4)) && left("b").iter().all(|&found| found == Some(5)));
}

/// "rename with `RENAME_EXCHANGE`: one after the other; when the second cannot be put, the first is put back."
#[test]
fn an_exchange_that_cannot_be_finished_is_undone() {
    let (directory, vfs) = two_keys();
    let files = Kernel::new(&vfs);
    let mut published = 0;
    directory.fail(move |_, call| {
        published += u32::from(matches!(call, Call::Publish(_)));
        (published == 2 && matches!(call, Call::Publish(_))).then_some((libc::ENOSPC, Effect::None))
    });
    assert_eq!(files.exchange(b"a", b"b"), Err(Errno::NOSPC));
    let others = reader(&directory);
    assert_eq!((shown(&others, "a"), shown(&others, "b")), (Some(1), Some(2)));
    assert_eq!((text(&files, "a").as_str(), text(&files, "b").as_str()), ("1\n", "2\n"));
    assert!(others.version("a").unwrap().timestamp.as_micros() > 11, "it was put, and put back");
}

/// "`lastFailedSave` is the last put, remove or `fsync` that the store could not do; a text that is not JSON is no failed
/// save but a refused text."
#[test]
fn the_last_failed_save_is_of_any_kind() {
    let (directory, vfs) = two_keys();
    let files = Kernel::new(&vfs);
    assert_eq!(write(&files, "b", "[1,").close(), Err(Errno::INVAL));
    assert!(last_failed_save(&files).is_null());
    fail(&directory, Errno::NOSPC, Call::writes);
    let file = write(&files, "a", "3\n");
    assert_eq!(file.close_duplicate(), Err(Errno::NOSPC));
    assert_eq!(last_failed_save(&files)["key"], "a");
    assert_eq!(files.unlink(b"b"), Err(Errno::NOSPC));
    let failed = last_failed_save(&files);
    assert!(failed["key"] == "b" && failed["error"].as_str().unwrap().contains("No space"), "{failed}");
    fail(&directory, Errno::IO, Call::syncs);
    assert_eq!(file.fsync(), Err(Errno::IO));
    let failed = last_failed_save(&files);
    assert!(failed["key"] == "a" && failed["error"].as_str().unwrap().contains("not known to be on disk"), "{failed}");
}

/// "Any operation that does so fails with the error of the store when that is impossible." "What stands below `.keyfs` can
/// be read even when the store cannot: it takes nothing in."
#[test]
fn what_cannot_take_in_what_others_did_fails_as_the_store_does() {
    let (directory, vfs) = two_keys();
    let files = Kernel::new(&vfs);
    write(&files, ".x", "3\n").close().unwrap();
    let reader = files.open(b"a", READ).unwrap();
    for errno in [Errno::IO, Errno::MFILE] {
        fail(&directory, errno, |call| !call.writes());
        assert_eq!(files.stat(b"a"), Err(errno));
        assert_eq!(files.list(b".").map(drop), Err(errno));
        for (name, flags) in [(&b"a"[..], READ), (b"a", SAVE), (b"new", SAVE), (b".new", SAVE)] {
            assert_eq!(files.open(name, flags).err(), Some(errno), "{}", name.escape_ascii());
        }
        assert_eq!(files.unlink(b"a"), Err(errno));
        assert_eq!((files.rename(b"a", b"c"), files.rename(b".x", b"c")), (Err(errno), Err(errno)));
        assert_eq!(files.truncate(b"a", 0), Err(errno));
        assert_eq!(files.symlink(b".link", b"target"), Err(errno));
        // What is open, and what tells of it, needs nothing of the store.
        assert_eq!(read_whole(&*reader), b"1\n");
        assert!(text(&files, ".keyfs/status").contains("lastSynchronisation"));
        assert!(text(&files, ".keyfs/info/a").contains("\"key\": \"a\"") && text(&files, ".keyfs/README").len() > 100);
        directory.work_again();
    }
    assert_eq!(text(&files, "a"), "1\n");
}
