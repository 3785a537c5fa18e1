//! What only a real mount shows: locks, programs, and what a file of a key can not be.
#![cfg(all(feature = "cli", feature = "fuse"))]

use std::fs;
use std::io::ErrorKind;
use std::process::Command;

use rustix::fs::FlockOperation;

use super::file_system::{FileSystem, assert_listed, assert_text, save};
use super::os::Os;
use crate::mounted::Mounted;

/// Who counts, and how often.
const COUNTERS: usize = 4;
const COUNTS: usize = 100;

/// "Opened O_RDWR without O_TRUNC, a key is changed in place, so that read-modify-write under a lock is exact."
#[test]
fn a_counter_under_a_lock_loses_no_update() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    save(&files, b"counter", "0\n");
    std::thread::scope(|scope| {
        for _ in 0..COUNTERS {
            scope.spawn(|| (0..COUNTS).for_each(|_| count_one(&files)));
        }
    });
    assert_text(&files, b"counter", &format!("{}\n", COUNTERS * COUNTS));
}

fn count_one(files: &Os) {
    let path = files.path(b"counter");
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    rustix::fs::flock(&file, FlockOperation::LockExclusive).unwrap();
    let mut bytes = [0; 20];
    let read = rustix::io::pread(&file, &mut bytes, 0).unwrap();
    let count: usize = std::str::from_utf8(&bytes[..read]).unwrap().trim_end().parse().unwrap();
    let next = format!("{}\n", count + 1);
    rustix::io::pwrite(&file, next.as_bytes(), 0).unwrap();
    // Closed under the lock, which ends with it.
    super::os::close(file.into()).unwrap();
}

/// The same with one process for each. "flock, fcntl locks: on a key for those that open it for reading and writing,
/// because those share an inode." "open for reading and writing, without `O_TRUNC`: all who have it open so share one
/// draft, and so a lock on it."
#[test]
fn a_counter_under_a_lock_loses_no_update_among_processes() {
    const SCRIPT: &str = "
import fcntl, os, sys
for _ in range(100):
    with open(sys.argv[1], 'r+') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        count = int(file.read())
        file.seek(0)
        file.write(f'{count + 1}\\n')
";
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    save(&files, b"counter", "0\n");
    let program = || Command::new("python3").args(["-I", "-c", SCRIPT]).arg(files.path(b"counter")).spawn().unwrap();
    let mut programs: Vec<_> = (0..COUNTERS).map(|_| program()).collect();
    assert!(programs.iter_mut().all(|program| program.wait().unwrap().success()));
    assert_text(&files, b"counter", &format!("{}\n", COUNTERS * COUNTS));
}

/// "mmap and `copy_file_range` work."
#[test]
fn a_mapped_file_saves_what_was_changed_in_it() {
    const SCRIPT: &str = "
import mmap, sys
with open(sys.argv[1], 'r+b') as file:
    with mmap.mmap(file.fileno(), 0) as mapped:
        mapped[1:4] = b'NEW'
";
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    save(&files, b"key", "\"old\"\n");
    let status = Command::new("python3").args(["-I", "-c", SCRIPT]).arg(files.path(b"key")).status().unwrap();
    assert!(status.success());
    assert_text(&files, b"key", "\"NEW\"\n");
    fs::copy(files.path(b"key"), files.path(b"copy")).unwrap();
    assert_text(&files, b"copy", "\"NEW\"\n");
}

/// "Hard links, directories, devices: EPERM." "What cannot be done is refused, not pretended." "mkdir, rmdir, link,
/// mknod: `EPERM`."
#[test]
fn links_directories_and_devices_are_not_permitted() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    save(&files, b"key", "1\n");
    let (key, new) = (files.path(b"key"), files.path(b"new"));
    let not_permitted = |what: &str, result: std::io::Result<()>| {
        assert_eq!(result.map_err(|error| error.raw_os_error()), Err(Some(libc::EPERM)), "{what}");
    };
    not_permitted("mkdir", fs::create_dir(&new));
    not_permitted("mkdir below .keyfs", fs::create_dir(files.path(b".keyfs/new")));
    not_permitted("link", fs::hard_link(&key, &new));
    not_permitted("link to scratch", fs::hard_link(&key, files.path(b".new")));
    not_permitted("mkfifo", mknod(&new, rustix::fs::FileType::Fifo));
    not_permitted("rmdir", fs::remove_dir(files.path(b".keyfs/rejected")));
    assert_eq!(fs::create_dir(&key).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_listed(&files, &["key"]);
    assert_text(&files, b"key", "1\n");
}

fn mknod(path: &std::path::Path, kind: rustix::fs::FileType) -> std::io::Result<()> {
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    Ok(rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0)?)
}

/// "`cat` is get, saving is put, `rm` is remove."
#[test]
fn a_shell_reads_saves_and_removes() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    let shell = |script: &str| {
        let output = Command::new("sh").args(["-ec", script]).current_dir(mounted.path()).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    shell("echo '{\"a\":1}' > key");
    assert_eq!(shell("cat key"), "{\n  \"a\": 1\n}\n");
    shell("(printf '['; printf 1; /bin/echo ]) > key");
    assert_eq!(shell("cat key"), "[\n  1\n]\n");
    shell("cat key > .copy; sed 's/1/2/' .copy > .changed; mv .changed key; rm .copy");
    assert_eq!(shell("cat key"), "[\n  2\n]\n");
    shell(": > key; touch key new");
    assert_eq!(shell("cat key; ls"), "[\n  2\n]\nkey\nnew\n");
    shell("cp key new; mv new other; rm key");
    assert_listed(&files, &["other"]);
    assert_eq!(files.stat(b"other").unwrap().size, 8);
}

/// "A text that is merely not complete, when another process closes its copy of the descriptor", is no error. "close
/// (flush), `fsync`: a text that is merely not complete is no error either when another process than the one that
/// opened the file closes its copy of the descriptor."
#[test]
fn programs_that_a_script_runs_write_a_text_in_pieces() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    let run = |script: &str| {
        let output = Command::new("sh").args(["-c", script]).current_dir(mounted.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let pieces = "(/bin/echo '{'; /bin/echo '\"a\": 1'; /bin/echo '}') > key";
    assert_eq!(run(pieces), (Some(0), String::new()));
    assert_text(&files, b"key", "{\n  \"a\": 1\n}\n");
    assert_eq!(files.list(b".keyfs/rejected").unwrap(), Vec::<Vec<u8>>::new());
    // What will never be JSON is told to the program that writes it.
    let (status, message) = run("(/bin/echo '{'; /bin/echo '}}') > key");
    assert_eq!(status, Some(1), "{message}");
    assert_text(&files, b"key", "{\n  \"a\": 1\n}\n");
}

/// "So that even a shell's `echo` says so."
#[test]
fn the_builtins_of_shells_say_that_a_text_is_refused() {
    let Some(mounted) = Mounted::new() else { return };
    let files = Os::new(mounted.path());
    save(&files, b"key", "1\n");
    for shell in ["bash", "dash"] {
        for script in ["echo '{bad' > key", "printf '[1,]' > key", "echo 2 >> key"] {
            let output = Command::new(shell).args(["-c", script]).current_dir(mounted.path()).output().unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{shell}: {script}: {message}");
            assert!(!message.is_empty(), "{shell}: {script}");
            assert_text(&files, b"key", "1\n");
        }
    }
}
