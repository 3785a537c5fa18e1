//! What the file system puts off, and until when: at times that the tests choose.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use keyfs::Store;
use keyfs::vfs::{Vfs, VfsOptions};
use rustix::fs::OFlags;

use crate::actors::reader;
use crate::behaviour::{FileSystem, Kernel, foreign_store, vfs_of};
use crate::memory_directory::MemoryDirectory;

const SAVE: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::TRUNC);

fn save(files: &Kernel<'_>, name: &str, text: &str) {
    let file = files.open(name.as_bytes(), SAVE).unwrap();
    file.write_at(0, text.as_bytes()).unwrap();
    file.close().unwrap();
}

fn is_live(store: &Store, key: &str) -> bool {
    store.synchronize().unwrap();
    store.contains(key)
}

/// Lets what is due so long after a moment be done.
fn run(vfs: &Vfs<Store>, since: Instant, seconds: f64) {
    let _ = vfs.run_due(since + Duration::from_secs_f64(seconds));
}

/// "rename key to scratch: the key is removed two seconds later." "So a key that becomes a scratch file, or a key of its
/// own name with a dot and more, is gone in this mount at once, and is removed from the store two seconds later."
#[test]
fn a_key_that_was_renamed_away_is_removed_after_two_seconds() {
    for backup in ["key~", "key.bak"] {
        let directory = tempfile::tempdir().unwrap();
        let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
        let files = Kernel::new(&vfs);
        save(&files, "key", "1\n");
        let before = Instant::now();
        files.rename(b"key", backup.as_bytes()).unwrap();
        let after = Instant::now();
        run(&vfs, before, 1.99);
        assert!(is_live(&store, "key"));
        run(&vfs, after, 2.01);
        assert!(!is_live(&store, "key"));
    }
}

/// "While somebody has the name open for writing, the removal waits."
#[test]
fn the_removal_is_looked_at_again_when_nobody_writes_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    let files = Kernel::new(&vfs);
    save(&files, "key", "1\n");
    files.rename(b"key", b"key~").unwrap();
    let file = files.open(b"key", SAVE).unwrap();
    let now = Instant::now();
    for seconds in [3.0, 6.0, 9.0] {
        run(&vfs, now, seconds);
        assert!(is_live(&store, "key"));
    }
    drop(file);
    run(&vfs, now, 12.0);
    assert!(!is_live(&store, "key"));
}

/// "has stayed for one second after its last close."
#[test]
fn what_only_looked_temporary_is_published_after_a_second() {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    let files = Kernel::new(&vfs);
    let before = Instant::now();
    save(&files, "key.tmp", "1\n");
    let after = Instant::now();
    run(&vfs, before, 0.99);
    assert!(!is_live(&store, "key.tmp"));
    run(&vfs, after, 1.01);
    assert!(is_live(&store, "key.tmp"));
}

/// "Unmounting publishes what is closed." When the kernel has not told that it is, because the mount has gone, it is all the
/// same.
#[test]
fn what_waits_is_done_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    let files = Kernel::new(&vfs);
    save(&files, "key", "1\n");
    files.rename(b"key", b"key~").unwrap();
    save(&files, "closed.tmp", "1\n");
    let open = files.open(b"open.tmp", SAVE).unwrap();
    open.write_at(0, b"1").unwrap();
    vfs.save_all();
    let live = || ["key", "closed.tmp", "open.tmp"].map(|key| is_live(&store, key));
    assert_eq!(live(), [false, true, false]);
    std::mem::forget(open);
    vfs.end();
    assert_eq!(live(), [false, true, true]);
}

/// "`keyfs umount` and `umount` end the daemon": its threads end, at whatever moment they are told.
#[test]
fn the_timers_end_whenever_they_are_told() {
    for round in 0..2000_u32 {
        let directory = MemoryDirectory::new();
        let vfs = Arc::new(Vfs::new(reader(&directory), VfsOptions::default()));
        let (ended, end) = mpsc::channel();
        let timers = Arc::clone(&vfs);
        std::thread::spawn(move || {
            timers.run_timers();
            // Nobody waits any more when the test has failed.
            let _ = ended.send(());
        });
        (0..round % 50 * 100).for_each(|_| std::hint::spin_loop());
        vfs.close();
        assert_eq!(end.recv_timeout(Duration::from_secs(10)), Ok(()), "round {round}: the thread waits for ever");
    }
}
