//! What only a real mount shows of system calls that the suite does not make.
#![cfg(all(feature = "cli", feature = "fuse"))]

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FallocateFlags, FlockOperation, RenameFlags, XattrFlags};
use rustix::io::Errno;

use super::file_system::{FileSystem, READ, SAVE, assert_listed, assert_text, save, text};
use super::os::Os;
use super::subject::{foreign_store, put};
use crate::mounted::Mounted;

/// What a change by others may take until a bare stat shows it, on a machine that does other things too.
const SOON: Duration = Duration::from_secs(5);

/// A list of rights as the kernel takes it: version 2, then tag, rights and user of each entry.
const ACL: &[u8] = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x04\0\x04\0\xff\xff\xff\xff\x20\0\x04\0\xff\xff\xff\xff";

fn run(mounted: &Mounted, script: &str) -> Output {
    Command::new("bash").args(["-c", script]).current_dir(mounted.path()).output().unwrap()
}

#[track_caller]
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < SOON, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// "extended attributes, ACLs, `fallocate`, `FICLONE`: there are none; `EOPNOTSUPP`; to read an ACL that or `ENODATA`, as
/// the kernel has it."
#[test]
fn there_are_no_attributes_lists_of_rights_holes_and_clones() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    for name in [&b"key"[..], b".scratch"] {
        save(&files, name, "1\n");
        let path = files.path(name);
        let mut value = [0; 100];
        for _ in 0..2 {
            assert_eq!(rustix::fs::getxattr(&path, "user.x", &mut value), Err(Errno::OPNOTSUPP));
            let answer = rustix::fs::getxattr(&path, "system.posix_acl_access", &mut value);
            assert!(matches!(answer, Err(Errno::NODATA | Errno::OPNOTSUPP)), "{answer:?}");
            for attribute in ["user.x", "system.posix_acl_access"] {
                let set = rustix::fs::setxattr(&path, attribute, ACL, XattrFlags::empty());
                assert_eq!(set, Err(Errno::OPNOTSUPP), "{attribute}");
                assert_eq!(rustix::fs::removexattr(&path, attribute), Err(Errno::OPNOTSUPP), "{attribute}");
            }
            assert_eq!(rustix::fs::listxattr(&path, &mut value), Err(Errno::OPNOTSUPP));
            let file = File::options().read(true).write(true).open(&path).unwrap();
            assert_eq!(rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, 100), Err(Errno::OPNOTSUPP));
            let source = File::open(&path).unwrap();
            assert_eq!(rustix::fs::ioctl_ficlone(&file, &source), Err(Errno::OPNOTSUPP));
        }
        assert_text(&files, name, "1\n");
    }
}

/// "rename with other flags: `EINVAL`."
#[test]
fn a_rename_that_leaves_a_whiteout_is_refused() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    save(&files, b"key", "1\n");
    let (key, new) = (files.path(b"key"), files.path(b"new"));
    let answer = rustix::fs::renameat_with(CWD, &key, CWD, &new, RenameFlags::WHITEOUT);
    // Who may make no devices is told so by the kernel.
    assert!(answer == Err(Errno::INVAL) || !is_root() && answer == Err(Errno::PERM), "{answer:?}");
    assert_listed(&files, &["key"]);
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// "chmod, utimens, chown to oneself: succeed; [...] `EPERM` for another owner."
#[test]
fn nobody_gives_a_file_to_another() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let (other_user, other_group) =
        (rustix::fs::Uid::from_raw(user.as_raw() + 1), rustix::fs::Gid::from_raw(group.as_raw() + 1));
    for name in [&b"key"[..], b".scratch"] {
        save(&files, name, "1\n");
        let path = files.path(name);
        assert_eq!(rustix::fs::chown(&path, Some(user), Some(group)), Ok(()));
        assert_eq!(rustix::fs::chown(&path, Some(other_user), None), Err(Errno::PERM));
        assert_eq!(rustix::fs::chown(&path, None, Some(other_group)), Err(Errno::PERM));
        let about = fs::metadata(&path).unwrap();
        assert_eq!((about.uid(), about.gid()), (user.as_raw(), group.as_raw()));
    }
}

/// "stat: `st_ino` the version's."
#[test]
fn each_version_has_an_inode_of_its_own() {
    let Some(mounted) = Mounted::new() else { return };
    let (files, store) = (Os::new(mounted.path()), foreign_store(&mounted.store_path()));
    let mut seen = Vec::new();
    for number in 0..4 {
        put(&store, "key", number);
        let inodes: Vec<u64> =
            (0..3).map(|_| File::open(files.path(b"key")).unwrap().metadata().unwrap().ino()).collect();
        assert!(inodes.iter().all(|&inode| inode == inodes[0]) && !seen.contains(&inodes[0]), "{inodes:?} {seen:?}");
        seen.push(inodes[0]);
    }
}

/// "stat: The root's `st_mtime` is when names last came or went."
#[test]
fn the_root_was_modified_when_names_came_or_went() {
    let Some(mounted) = Mounted::new() else { return };
    let (files, store) = (Os::new(mounted.path()), foreign_store(&mounted.store_path()));
    let modified = || files.stat(b".").unwrap().modified;
    let by_others: [&dyn Fn(); 2] =
        [&|| assert!(put(&store, "foreign", 1).as_micros() > 0), &|| assert!(store.remove("foreign").unwrap())];
    let here: [&dyn Fn(); 3] =
        [&|| save(&files, b"key", "1\n"), &|| files.rename(b"key", b".scratch").unwrap(), &|| {
            files.unlink(b".scratch").unwrap();
        }];
    for change in by_others.into_iter().chain(here) {
        let before = modified();
        std::thread::sleep(Duration::from_millis(5));
        change();
        files.list(b".").unwrap();
        wait_until("the time stays", || modified() > before);
    }
    save(&files, b"key", "1\n");
    files.list(b".").unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let before = modified();
    save(&files, b"key", "2\n");
    put(&store, "key", 3);
    assert_text(&files, b"key", "3\n");
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(modified(), before, "only a value has changed");
}

/// "stat: The kernel keeps what it was told of a version until the daemon says otherwise, which after a change by others
/// is milliseconds later." "`stat` without `open` is told of a change by others only milliseconds later."
#[test]
fn the_kernel_asks_no_more_for_what_it_knows_until_it_has_changed() {
    let Some(mounted) = Mounted::new() else { return };
    let (files, store) = (Os::new(mounted.path()), foreign_store(&mounted.store_path()));
    let asked = || {
        let status: serde_json::Value = serde_json::from_str(&text(&files, b".keyfs/status")).unwrap();
        let count = |name: &str| status["operationsInMicroseconds"][name]["count"].as_u64().unwrap_or(0);
        count("lookup") + count("getattr")
    };
    put(&store, "key", 1);
    assert_text(&files, b"key", "1\n");
    let before = asked();
    for _ in 0..1000 {
        assert_eq!(files.stat(b"key").unwrap().size, 2);
    }
    assert!(asked() - before < 50, "{} requests for what is known", asked() - before);
    for number in [22, 333, 1] {
        put(&store, "key", number);
        wait_until("what was is shown for ever", || {
            files.stat(b"key").unwrap().size == number.to_string().len() as u64 + 1
        });
    }
}

/// "statfs: the space of the store's file system."
#[test]
fn the_space_is_that_of_the_store_s_file_system() {
    let Some(mounted) = Mounted::new() else { return };
    let (here, there) =
        (rustix::fs::statvfs(mounted.path()).unwrap(), rustix::fs::statvfs(mounted.store_path()).unwrap());
    assert_eq!((here.f_blocks, here.f_frsize), (there.f_blocks, there.f_frsize));
    assert!(here.f_bfree > 0 && here.f_bavail <= here.f_blocks && here.f_namemax == 255);
}

/// Counts under a lock, each time in an open file of its own.
const COUNT: &str = "
import fcntl, sys
lock = {'flock': fcntl.flock, 'fcntl': fcntl.lockf}[sys.argv[2]]
for _ in range(50):
    with open(sys.argv[1], 'r+') as file:
        lock(file, fcntl.LOCK_EX)
        count = int(file.read())
        file.seek(0)
        file.write(f'{count + 1}\\n')
        file.flush()
";

/// "flock, fcntl locks: work between all processes of the machine that have the file open, as on any file system; [...] on
/// a scratch file for all."
#[test]
fn locks_hold_between_processes() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    for (name, lock) in [(&b"key"[..], "flock"), (b"key", "fcntl"), (b".scratch", "flock"), (b".scratch", "fcntl")] {
        save(&files, name, "0\n");
        let path = files.path(name);
        let program = || Command::new("python3").args(["-I", "-c", COUNT]).arg(&path).arg(lock).spawn().unwrap();
        let mut programs: Vec<_> = (0..3).map(|_| program()).collect();
        assert!(programs.iter_mut().all(|program| program.wait().unwrap().success()));
        assert_text(&files, name, "150\n");
    }
    // Also for those who only read a scratch file.
    let (reader, writer) =
        (File::open(files.path(b".scratch")).unwrap(), File::create(files.path(b".scratch")).unwrap());
    rustix::fs::flock(&reader, FlockOperation::LockShared).unwrap();
    let answer = rustix::fs::flock(&writer, FlockOperation::NonBlockingLockExclusive);
    assert_eq!(answer, Err(Errno::WOULDBLOCK));
}

/// "A shell's `echo` is not told of a text that merely ends too early: that error comes with `close`, whose result it
/// ignores. The value stands and the text is under `.keyfs/rejected/`."
#[test]
fn a_shell_is_not_told_of_a_text_that_ends_too_early() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    save(&files, b"key", "1\n");
    let output = run(&mounted, "echo '[1, 2' > key");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    assert_text(&files, b"key", "1\n");
    assert_eq!(text(&files, b".keyfs/rejected/key"), "[1, 2\n");
    let file = files.open(b"key", SAVE).unwrap();
    file.write_at(0, b"[1, 2\n").unwrap();
    assert_eq!(file.close(), Err(Errno::INVAL), "who asks is told");
}

/// "A file that a program names by `/proc/self/fd/N` and opens for writing has a draft as if it was opened by its name. But
/// a lock on it is one on the version that is read."
#[test]
fn a_file_opened_by_its_descriptor_has_a_draft_and_the_lock_of_the_version() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    save(&files, b"key", "1\n");
    let reader = File::open(files.path(b"key")).unwrap();
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    let in_place = File::options().read(true).write(true).open(files.path(b"key")).unwrap();
    let mut bytes = [0; 10];
    let writer = File::options().write(true).open(&path).unwrap();
    writer.write_all_at(b"[2,", 0).unwrap();
    assert_eq!((reader.read_at(&mut bytes, 0).unwrap(), bytes[0]), (2, b'1'));
    assert_eq!((in_place.read_at(&mut bytes, 0).unwrap(), bytes[0]), (2, b'1'));
    assert_eq!(text(&files, b"key"), "1\n");
    writer.write_all_at(b"3]", 3).unwrap();
    super::close(writer.into()).unwrap();
    assert_text(&files, b"key", "[\n  2,\n  3\n]\n");
    let locked = |file: &File| rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive);
    let writer = File::options().read(true).write(true).open(&path).unwrap();
    assert_eq!((locked(&writer), locked(&in_place), locked(&reader)), (Ok(()), Ok(()), Err(Errno::WOULDBLOCK)));
}

/// "made with `O_RDWR`, `O_EXCL` and mode 0600, as mkstemp does (the mode that was asked for, whatever the umask)."
#[test]
fn a_umask_makes_no_file_look_temporary() {
    const SCRIPT: &str = "
import os, sys
os.umask(int(sys.argv[2], 8))
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, int(sys.argv[3], 8))
os.write(file, b'1')
os.close(file)
";
    let Some(mounted) = Mounted::new() else { return };
    let (files, store) = (Os::new(mounted.path()), foreign_store(&mounted.store_path()));
    for (name, umask, mode, is_key) in [("a", "077", "666", true), ("b", "022", "600", false), ("c", "0", "600", false)]
    {
        let mut program = Command::new("python3");
        program.args(["-I", "-c", SCRIPT]).arg(files.path(name.as_bytes())).args([umask, mode]);
        assert!(program.status().unwrap().success());
        store.synchronize().unwrap();
        assert_eq!(store.contains(name), is_key, "{name}");
        assert!(files.open(name.as_bytes(), READ).is_ok());
    }
}
