//! A mount for reading only.

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{
    APPEND, FileSystem, READ, READ_WRITE, SAVE, WRITE, assert_listed, assert_missing, assert_text,
};
use super::kernel::Kernel;
use super::subject::{foreign_store, put, vfs_of};

/// "stat: 0444 less the umask when read-only." "open for writing only, or with `O_TRUNC`: `EROFS`." "open for reading
/// and writing, without `O_TRUNC`: `EROFS`." "create: `EROFS`." "unlink: `EROFS`." "rename, of any kind: `EROFS`."
/// "truncate by name: `EROFS`." "chmod, utimens, chown to oneself: `EROFS`." "symlink, readlink: `EROFS`."
#[test]
fn on_the_vfs_nothing_can_be_changed() {
    let directory = tempfile::tempdir().unwrap();
    let vfs = vfs_of(directory.path(), true);
    nothing_can_be_changed(&Kernel::new(&vfs), &foreign_store(directory.path()));
}

#[cfg(all(feature = "cli", feature = "fuse"))]
#[test]
fn on_a_mount_nothing_can_be_changed() {
    let Some(mounted) = crate::mounted::Mounted::of(None, &["-r"]) else { return };
    nothing_can_be_changed(&super::os::Os::new(mounted.path()), &foreign_store(&mounted.store_path()));
}

/// "0444 and EROFS when read-only."
fn nothing_can_be_changed(files: &dyn FileSystem, store: &Store) {
    assert_listed(files, &[]);
    let timestamp = put(store, "key", 1);
    assert_text(files, b"key", "1\n");
    assert_eq!(files.stat(b"key").unwrap().mode, 0o444);
    assert_eq!(files.stat(b".").unwrap().mode, 0o555);
    for flags in [WRITE, READ_WRITE, SAVE, APPEND, READ_WRITE | OFlags::CREATE] {
        assert_eq!(files.open(b"key", flags).err(), Some(Errno::ROFS), "{flags:?}");
    }
    for name in [&b"new"[..], b".scratch"] {
        assert_eq!(files.open(name, SAVE).err(), Some(Errno::ROFS));
        assert_eq!(files.open(name, READ | OFlags::CREATE).err(), Some(Errno::ROFS));
        assert_missing(files, name);
    }
    assert_eq!(files.unlink(b"key"), Err(Errno::ROFS));
    assert_eq!(files.rename(b"key", b"new"), Err(Errno::ROFS));
    assert_eq!(files.rename(b"key", b".new"), Err(Errno::ROFS));
    assert_eq!(files.symlink(b".link", b"target"), Err(Errno::ROFS));
    assert_eq!(files.truncate(b"key", 0), Err(Errno::ROFS));
    assert_eq!(files.chmod(b"key", 0o600), Err(Errno::ROFS));
    assert_eq!(files.set_modified(b"key", timestamp.to_system_time()), Err(Errno::ROFS));
    assert_listed(files, &["key"]);
    store.synchronize().unwrap();
    assert_eq!(store.version("key").unwrap().timestamp, timestamp);
    put(store, "key", 22);
    assert_text(files, b"key", "22\n");
    store.remove("key").unwrap();
    assert_missing(files, b"key");
}
