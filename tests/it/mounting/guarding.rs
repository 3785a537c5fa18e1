//! A daemon that is killed while one of its threads waits for an answer of the daemon itself.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fuser::{Config, Filesystem, INodeNo, MountOption, ReplyEntry, Request, Session};
use keyfs::fuse::Guardian;
use rustix::mount::UnmountFlags;

use super::place::{Place, finish};
use crate::mounted::{can_mount, is_mounted, keyfs, unmount_lazily};

/// Where the daemon mounts, and what guards it; set for the process that is one.
const MOUNT_POINT: &str = "KEYFS_TEST_GUARDED";
const GUARDIAN: &str = "KEYFS_TEST_GUARDIAN";

/// Never answers.
struct Silent;

impl Filesystem for Silent {
    fn lookup(&self, _request: &Request, _parent: INodeNo, _name: &OsStr, reply: ReplyEntry) {
        println!("asked");
        std::io::stdout().flush().unwrap();
        // Dropped, it would answer.
        std::mem::forget(reply);
    }
}

/// The daemon; nothing in an ordinary run of the tests.
#[test]
fn daemon() {
    let Some(mount_point) = std::env::var_os(MOUNT_POINT) else { return };
    let mount_point = Path::new(&mount_point);
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("silent".to_owned())];
    let session = Session::new(Silent, mount_point, &config).unwrap();
    let guardian = std::env::var_os(GUARDIAN).map(|program| {
        let command: [OsString; 2] = [program, "guard".into()];
        Guardian::start(&command, mount_point).unwrap()
    });
    let file = mount_point.join("file");
    thread::spawn(move || File::open(file));
    let _ = session.run();
    drop(guardian);
}

/// Starts the daemon and kills it as soon as one of its threads waits for it; tells whether it ends within a time.
fn ends_when_killed(mount_point: &Path, guardian: Option<&OsStr>, time: Duration) -> (Child, bool) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", "mounting::guarding::daemon"]).env(MOUNT_POINT, mount_point);
    command.envs(guardian.map(|program| (GUARDIAN, program))).stdout(Stdio::piped());
    let mut daemon = command.spawn().unwrap();
    let lines = BufReader::new(daemon.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.ends_with("asked")), "the daemon has ended");
    // Until the thread sleeps in the kernel, and the guardian has asked to be told.
    thread::sleep(Duration::from_millis(500));
    daemon.kill().unwrap();
    let began = Instant::now();
    let mut ended = false;
    while !ended && began.elapsed() < time {
        ended = daemon.try_wait().unwrap().is_some();
        thread::sleep(Duration::from_millis(5));
    }
    (daemon, ended)
}

/// "When the daemon is killed, whoever waits for its answer gets an error, and so does who comes later. A process beside it
/// [...] ends the mount then"
#[test]
fn a_killed_daemon_that_waits_for_itself_is_ended_by_its_guardian() {
    if !can_mount() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let keyfs = OsStr::new(env!("CARGO_BIN_EXE_keyfs"));
    for (guardian, time) in [(Some(keyfs), Duration::from_secs(20)), (None, Duration::from_secs(1))] {
        let (mut daemon, ended) = ends_when_killed(directory.path(), guardian, time);
        let mounted = is_mounted(directory.path());
        let answer = if ended { std::fs::metadata(directory.path().join("file")).err() } else { None };
        // For one that has not ended it is what the guardian would have done.
        let held = rustix::fs::open(directory.path(), rustix::fs::OFlags::PATH, rustix::fs::Mode::empty());
        let _ = rustix::mount::unmount(directory.path(), UnmountFlags::FORCE);
        drop(held);
        unmount_lazily(directory.path());
        daemon.wait().unwrap();
        assert!(mounted, "{guardian:?}");
        assert_eq!(ended, guardian.is_some(), "{guardian:?}");
        let errno = answer.and_then(|error| error.raw_os_error());
        assert!(errno.is_none_or(|errno| [libc::ENOTCONN, libc::ECONNABORTED].contains(&errno)), "{errno:?}");
    }
}

/// Whoever types the command ends nobody's mount with it.
#[test]
fn a_guardian_of_a_process_that_has_not_started_it_does_nothing() {
    let Some(place) = Place::new() else { return };
    assert_eq!(place.mount(&[]).stderr, "");
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mount_point = place.mount_point();
    let line = table.lines().find(|line| line.split(' ').nth(4) == mount_point.to_str()).unwrap();
    let device = line.split([' ', ':']).nth(3).unwrap();
    let daemon = place.daemon_process();
    let number = daemon.file_name().unwrap();
    let output = finish(keyfs().arg("guard").arg(number).arg(device));
    let why = "it was not started by the process that it is to guard";
    assert_eq!(output.stderr, format!("keyfs: guard: cannot guard a mount: {why}\n"));
    // One that is no more has nothing left to guard.
    assert_eq!(finish(keyfs().args(["guard", &u32::MAX.to_string(), device])).stderr, "");
    std::fs::write(mount_point.join("key"), "1").unwrap();
    assert_eq!(std::fs::read_to_string(mount_point.join("key")).unwrap(), "1\n");
}

/// "A process beside it, `keyfs-guard`, [...] and ends itself when the mount ends well."
#[test]
fn a_guardian_ends_with_its_mount() {
    let Some(place) = Place::new() else { return };
    assert_eq!(place.mount(&[]).stderr, "");
    let daemon = place.daemon_process();
    let children = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let of_daemon = |process: &std::path::PathBuf| {
            let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap_or_default().trim();
            Some(parent) == daemon.file_name().and_then(OsStr::to_str)
        };
        processes.filter(of_daemon).collect::<Vec<_>>()
    };
    let guardians = children();
    assert_eq!(guardians.len(), 1, "{guardians:?}");
    let name = || std::fs::read_to_string(guardians[0].join("comm")).unwrap();
    let began = Instant::now();
    while name().trim() != "keyfs-guard" {
        assert!(began.elapsed() < Duration::from_secs(10), "{}", name());
        thread::sleep(Duration::from_millis(5));
    }
    let open = std::fs::read_dir(guardians[0].join("fd")).unwrap().flatten();
    let open: Vec<_> = open.filter_map(|file| std::fs::read_link(file.path()).ok()).collect();
    assert!(!open.iter().any(|file| file == Path::new("/dev/fuse")), "{open:?}");
    place.umount();
    place.expect_no_daemon();
    assert!(!guardians[0].exists(), "it lives on");
}
