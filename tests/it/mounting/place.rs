//! A store and a mount point for commands that mount in the background.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use keyfs::Store;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::behaviour::foreign_store;
use crate::mounted::{can_mount, is_mounted, keyfs, log_mount, unmount_lazily, wait_for};

/// How long a command may take, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(20);

/// How long a daemon may live on after its unmount.
const END: Duration = Duration::from_secs(5);

/// What a command has said, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, and until nobody holds its output any more; fails when that takes too long.
#[track_caller]
pub(crate) fn finish(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdout = read_to_end(child.stdout.take().unwrap());
    let stderr = read_to_end(child.stderr.take().unwrap());
    let Some(status) = wait_for(&mut child, LIMIT) else {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("{command:?} does not end");
    };
    let end = |output: mpsc::Receiver<String>| {
        output.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{command:?} has ended and somebody holds its output"))
    };
    Output { status, stdout: end(stdout), stderr: end(stderr) }
}

fn read_to_end(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        pipe.read_to_end(&mut text).unwrap();
        // Nobody waits any more when the test has failed.
        let _ = sender.send(String::from_utf8_lossy(&text).into_owned());
    });
    receiver
}

/// A user and a group that own nothing.
pub(crate) const NOBODY: u32 = 65_534;

/// A program that is run by a user who owns nothing; only root can do that.
pub(crate) fn as_nobody(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups", "--"]).arg(program);
    command
}

/// Two directories, `store` and `mount`; whatever is mounted there when this is dropped is taken away.
pub(crate) struct Place {
    directory: TempDir,
    path: PathBuf,
}

impl Place {
    /// A place; none where nothing can be mounted.
    pub(crate) fn new() -> Option<Place> {
        Place::named("place")
    }

    pub(crate) fn named(name: &str) -> Option<Place> {
        if !can_mount() {
            return None;
        }
        let directory = tempfile::Builder::new().prefix("keyfs-mounting.").tempdir().unwrap();
        // The kernel and the command say where it really is.
        let path = directory.path().canonicalize().unwrap().join(name);
        fs::create_dir_all(path.join("store")).unwrap();
        fs::create_dir(path.join("mount")).unwrap();
        Some(Place { directory, path })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.path.join("store")
    }

    pub(crate) fn mount_point(&self) -> PathBuf {
        self.path.join("mount")
    }

    pub(crate) fn store(&self) -> Store {
        foreign_store(&self.store_path())
    }

    /// The command, marked so that its daemon is found whatever its arguments are.
    pub(crate) fn keyfs(&self) -> Command {
        let mut command = keyfs();
        command.env("KEYFS_TEST_PLACE", self.directory.path());
        command
    }

    /// A copy of the command that every user can run, started as a user and a group that own nothing but this place.
    pub(crate) fn keyfs_of_nobody(&self) -> Command {
        let program = self.path.join("keyfs");
        if !program.exists() {
            fs::copy(keyfs().get_program(), &program).unwrap();
            fs::set_permissions(self.directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
            for name in ["store", "mount"] {
                std::os::unix::fs::chown(self.path.join(name), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let mut command = as_nobody(program);
        command.env("KEYFS_TEST_PLACE", self.directory.path()).env_remove("KEYFS_DIR").env_remove("KEYFS_ID");
        command
    }

    /// Mounts in the background, with further arguments.
    #[track_caller]
    pub(crate) fn mount(&self, arguments: &[&str]) -> Output {
        let mut command = self.keyfs();
        command.arg("mount").args(arguments).arg(self.store_path()).arg(self.mount_point());
        let output = finish(&mut command);
        assert!(output.status.success(), "{}: {}", output.status, output.stderr);
        assert!(is_mounted(&self.mount_point()));
        log_mount(&self.mount_point());
        output
    }

    /// Unmounts. Again while the mount is busy for a moment: other tests start processes, which inherit every descriptor
    /// until they have become their program.
    #[track_caller]
    pub(crate) fn umount(&self) {
        let began = Instant::now();
        loop {
            let output = finish(self.keyfs().arg("umount").arg(self.mount_point()));
            if output.status.success() {
                break;
            }
            assert!(output.stderr.contains("busy") && began.elapsed() < END, "{}: {}", output.status, output.stderr);
        }
        assert!(!is_mounted(&self.mount_point()));
    }

    /// The processes of the command that were given a path of this place and live.
    fn daemons(&self) -> Vec<Pid> {
        let ours = |process: &Path| {
            let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            let runs_keyfs = fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == "keyfs");
            let path = self.directory.path().as_os_str().as_bytes();
            let names = |text: &[u8]| text.windows(path.len()).any(|window| window == path);
            runs_keyfs && (names(&arguments) || names(&environment))
        };
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let found = processes.filter(|process| ours(process));
        found.filter_map(|process| Pid::from_raw(process.file_name()?.to_str()?.parse().ok()?)).collect()
    }

    /// What the system tells of the daemon.
    pub(crate) fn daemon_process(&self) -> PathBuf {
        Path::new("/proc").join(self.daemons()[0].as_raw_nonzero().to_string())
    }

    /// The working directory of the daemon.
    pub(crate) fn daemon_directory(&self) -> PathBuf {
        fs::read_link(self.daemon_process().join("cwd")).unwrap()
    }

    /// Everything that is mounted in this place, the last mounted first.
    fn mounts(&self) -> Vec<PathBuf> {
        let table = fs::read_to_string("/proc/self/mounts").unwrap();
        let mount_points = table.lines().rev().filter_map(|line| line.split(' ').nth(1));
        let paths = mount_points.map(|path| PathBuf::from(path.replace("\\040", " ")));
        paths.filter(|path| path.starts_with(self.path.parent().unwrap())).collect()
    }

    /// Waits until the daemon has ended.
    #[track_caller]
    pub(crate) fn expect_no_daemon(&self) {
        let began = Instant::now();
        while !self.daemons().is_empty() {
            assert!(began.elapsed() < END, "the daemon lives on after its unmount");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    pub(crate) fn kill_daemon(&self) {
        let daemons = self.daemons();
        assert_eq!(daemons.len(), 1, "{daemons:?}");
        kill_process(daemons[0], Signal::KILL).unwrap();
        self.expect_no_daemon();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for path in self.mounts() {
            unmount_lazily(&path);
        }
        let began = Instant::now();
        while !self.daemons().is_empty() && began.elapsed() < END {
            thread::sleep(Duration::from_millis(5));
        }
        for daemon in self.daemons() {
            let _ = kill_process(daemon, Signal::KILL);
        }
    }
}
