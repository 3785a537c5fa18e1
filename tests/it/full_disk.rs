//! Scratch files on a disk that is full: a small one in memory, which only root can mount.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use keyfs::Durability::Background;
use keyfs::Store;
use keyfs::vfs::{Caller, InodeNo, OpenMode, Vfs, VfsOptions};
use rustix::fs::OFlags;
use rustix::io::Errno;
use tempfile::TempDir;

use crate::actors::writer;
use crate::behaviour::{FileSystem, Kernel, read_whole};
use crate::memory_directory::MemoryDirectory;

const READ: OFlags = OFlags::RDONLY;
const SAVE: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::TRUNC);

/// A file system of 64 pages and 32 files.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None where nobody may mount one; that is told past the capture of what a passing test prints.
    fn new() -> Option<SmallDisk> {
        let directory = tempfile::Builder::new().prefix("keyfs-small-disk.").tempdir().unwrap();
        let options = ["-t", "tmpfs", "-o", "size=256k,nr_inodes=32", "keyfs-test"];
        let mounted = Command::new("mount").args(options).arg(directory.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(directory));
        }
        use std::io::Write;
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = writeln!(std::io::stderr(), "!!! NOT RUN, only root can mount a small disk: {test}");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn shelf(&self) -> PathBuf {
        self.path().join("keyfs.mount")
    }

    /// Makes files until there is room for none.
    fn use_up_files(&self) {
        let mut files = (0..100).map(|number| fs::write(self.path().join(format!("filling {number}")), ""));
        assert!(files.any(|made| made.is_err()));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// The file system over a store in memory, with its scratch files on the disk.
fn vfs(disk: &SmallDisk) -> Vfs<Store> {
    let directory = MemoryDirectory::new();
    directory.plant(10, "key", Some(1));
    let options = VfsOptions { shelf: Some(disk.shelf()), ..VfsOptions::default() };
    Vfs::new(writer(&directory, Background), options)
}

fn text(files: &Kernel<'_>, name: &[u8]) -> Vec<u8> {
    read_whole(&*files.open(name, READ).unwrap())
}

/// "write: To a scratch file: `ENOSPC` and so on of the disk; when it takes a part, so much is reported as written." "What
/// cannot be written there is told: with the error number of the disk for a scratch file."
#[test]
fn a_write_tells_how_much_the_disk_has_taken() {
    let Some(disk) = SmallDisk::new() else { return };
    let vfs = vfs(&disk);
    let mode = OpenMode { write: true, ..OpenMode::default() };
    let (_, opened) = vfs.create(Caller::default(), InodeNo::ROOT, ".x".as_ref(), 0o644, 0o022, mode).unwrap();
    let mut written = 0;
    let error = loop {
        match vfs.write(opened.handle, written, &[b'x'; 100_000]) {
            Ok(more) => written += u64::from(more),
            Err(error) => break error,
        }
    };
    assert_eq!(error.errno(), libc::ENOSPC);
    assert!(written > 100_000 && !written.is_multiple_of(100_000), "{written} bytes, so no write was taken in part");
    vfs.release(opened.handle).unwrap();
    assert_eq!(text(&Kernel::new(&vfs), b".x").len() as u64, written);
}

/// "create: for a scratch file also what the disk answers." "rename key to scratch: When the text cannot be written, the key
/// and what had the new name are what they were; those of the disk." "a refused text that the disk does not take is kept
/// in memory until the mount ends."
#[test]
fn what_the_disk_has_no_room_for_changes_nothing() {
    let Some(disk) = SmallDisk::new() else { return };
    let vfs = vfs(&disk);
    let files = Kernel::new(&vfs);
    files.open(b"key~", SAVE).unwrap().write_at(0, b"before").unwrap();
    disk.use_up_files();
    assert_eq!(files.open(b".new", SAVE).err(), Some(Errno::NOSPC));
    assert_eq!(files.symlink(b".link", b"target"), Err(Errno::NOSPC));
    assert_eq!(files.rename(b"key", b"key~"), Err(Errno::NOSPC));
    assert_eq!((text(&files, b"key"), text(&files, b"key~")), (b"1\n".to_vec(), b"before".to_vec()));
    let file = files.open(b"key", SAVE).unwrap();
    assert_eq!(file.write_at(0, b"{no"), Err(Errno::INVAL));
    assert_eq!(text(&files, b".keyfs/rejected/key"), b"{no");
}

/// "When the directory itself cannot be used (a full disk [...] the mount [...] keeps all of this in memory."
#[test]
fn without_room_for_the_directory_all_is_kept_in_memory() {
    let Some(disk) = SmallDisk::new() else { return };
    disk.use_up_files();
    let vfs = vfs(&disk);
    let files = Kernel::new(&vfs);
    files.open(b".x", SAVE).unwrap().write_at(0, &[b'x'; 1 << 20]).unwrap();
    assert_eq!(text(&files, b".x").len(), 1 << 20);
    files.rename(b"key", b"key~").unwrap();
    assert_eq!(text(&files, b"key~"), b"1\n");
    assert!(!disk.shelf().exists());
}

/// "read: of a scratch file, from the disk."
#[test]
fn a_scratch_file_is_read_from_the_disk() {
    let store = tempfile::tempdir().unwrap();
    let vfs = crate::behaviour::vfs_of(store.path(), false);
    let files = Kernel::new(&vfs);
    files.open(b".x", SAVE).unwrap().write_at(0, b"before").unwrap();
    let file = files.open(b".x", READ).unwrap();
    fs::write(store.path().join("keyfs.mount/0/scratch/.x"), "behind its back").unwrap();
    assert_eq!(read_whole(&*file), b"behind its back");
}
