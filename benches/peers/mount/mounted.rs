//! A directory that a daemon serves.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::statfs;
use rustix::process::{Pid, Signal, kill_process};

/// How long a daemon may take to begin and to end.
const LIMIT: Duration = Duration::from_secs(60);

/// A mount with its daemon; both end with this.
pub(crate) struct Mounted {
    daemon: Child,
    path: PathBuf,
}

impl Mounted {
    /// A store, by the command `keyfs` of the same build.
    pub(crate) fn keyfs(store: &Path, at: &Path) -> Mounted {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyfs"));
        command.env_remove("KEYFS_DIR").env_remove("KEYFS_ID").env_remove("RUST_LOG");
        command.args(["mount", "-f"]).arg(store).arg(at);
        Mounted::start(command, at)
    }

    /// Another directory, by bindfs as it comes.
    pub(crate) fn bindfs(directory: &Path, at: &Path) -> Mounted {
        let mut command = Command::new("bindfs");
        command.arg("-f").arg(directory).arg(at);
        Mounted::start(command, at)
    }

    fn start(mut command: Command, at: &Path) -> Mounted {
        let daemon = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let daemon = daemon.unwrap_or_else(|error| panic!("{command:?}: {error}; run scripts/install-bench-tools"));
        let mut mounted = Mounted { daemon, path: at.to_owned() };
        let began = Instant::now();
        while !mounted.answers() {
            let ended = mounted.daemon.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < LIMIT, "{command:?} does not mount: {ended:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
        mounted
    }

    /// Whether the daemon answers; the kernel alone does not know the type of what is not there yet.
    fn answers(&self) -> bool {
        /// The type of a file system that a daemon serves (`linux/magic.h`).
        const FUSE_SUPER_MAGIC: rustix::fs::FsWord = 0x6573_5546;
        statfs(&self.path).is_ok_and(|answer| answer.f_type == FUSE_SUPER_MAGIC)
    }

    fn has_ended(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            if !matches!(self.daemon.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Both daemons save, unmount and end at that.
        let _ = kill_process(Pid::from_child(&self.daemon), Signal::TERM);
        // A mount that is busy, because of a panic, would keep the daemon and the directory.
        if std::thread::panicking() || !self.has_ended() {
            let _ = Command::new("fusermount3").args(["-u", "-z"]).arg(&self.path).stderr(Stdio::null()).status();
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
        if self.answers() {
            let _ = Command::new("fusermount3").args(["-u", "-z"]).arg(&self.path).status();
        }
    }
}
