//! A real mount for a test: the command `keyfs mount`, in a process of its own, so that a hang is a failure and not a
//! dead test run.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a mount may take until it answers, on a machine that does other things too.
const START: Duration = Duration::from_secs(10);

/// How long the daemon may take to end after SIGTERM: it waits until all is on disk, and other tests keep that busy.
const END: Duration = Duration::from_secs(20);

/// How long a test may hold a mount; whatever takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

/// The type of a file system that a daemon serves, as `statfs` gives it (`linux/magic.h`).
const FUSE_SUPER_MAGIC: rustix::fs::FsWord = 0x6573_5546;

/// Whether tests can mount; says so loudly when they are told that they cannot.
pub(crate) fn can_mount() -> bool {
    if std::env::var_os("KEYFS_TEST_MOUNT").is_none_or(|value| value != "unavailable") {
        return true;
    }
    let test = thread::current().name().unwrap_or("a test").to_owned();
    // Past the capture of what a passing test prints.
    let _ = writeln!(std::io::stderr(), "!!! NOT RUN, nothing can be mounted here: {test}");
    false
}

/// Tells scripts/test that a mount has answered: no mount at all in a whole run would be a mistake.
pub(crate) fn log_mount(mount_point: &Path) {
    if let Some(log) = std::env::var_os("KEYFS_TEST_MOUNT_LOG").filter(|log| !log.is_empty()) {
        let mut log = OpenOptions::new().append(true).create(true).open(log).unwrap();
        writeln!(log, "{}", mount_point.display()).unwrap();
    }
}

/// The command under test, away from the settings of the user.
pub(crate) fn keyfs() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfs"));
    command.env_remove("KEYFS_DIR").env_remove("KEYFS_ID").env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A store that is mounted as long as this lives.
pub(crate) struct Mounted {
    directory: TempDir,
    daemon: Child,
    watchdog: Option<Watchdog>,
    /// What mounts it once more.
    command: Command,
    hang: Duration,
}

impl Mounted {
    /// Mounts a new store; none where nothing can be mounted.
    pub(crate) fn new() -> Option<Mounted> {
        Mounted::of(None, &[])
    }

    /// Mounts a store, or a new one, with further arguments.
    pub(crate) fn of(store: Option<&Path>, arguments: &[&str]) -> Option<Mounted> {
        Mounted::start(HANG, &std::env::temp_dir(), store, arguments)
    }

    /// Mounts a new store with a command of the test's own, which is given the arguments of [`keyfs`].
    pub(crate) fn with_command(command: Command, arguments: &[&str]) -> Option<Mounted> {
        Mounted::start_with(command, HANG, &std::env::temp_dir(), None, arguments)
    }

    /// The same for a test that holds it for another time at most.
    pub(crate) fn held_for(hang: Duration, store: Option<&Path>, arguments: &[&str]) -> Option<Mounted> {
        Mounted::start(hang, &std::env::temp_dir(), store, arguments)
    }

    /// The same, with the mount point below a given directory.
    pub(crate) fn below(parent: &Path, store: Option<&Path>, arguments: &[&str]) -> Option<Mounted> {
        Mounted::start(HANG, parent, store, arguments)
    }

    fn start(hang: Duration, parent: &Path, store: Option<&Path>, arguments: &[&str]) -> Option<Mounted> {
        Mounted::start_with(keyfs(), hang, parent, store, arguments)
    }

    fn start_with(
        mut command: Command,
        hang: Duration,
        parent: &Path,
        store: Option<&Path>,
        arguments: &[&str],
    ) -> Option<Mounted> {
        if !can_mount() {
            return None;
        }
        let directory = tempfile::Builder::new().prefix("keyfs-mounted.").tempdir_in(parent).unwrap();
        let own_store = directory.path().join("store");
        let store = store.unwrap_or(&own_store);
        fs::create_dir_all(store).unwrap();
        let mount_point = directory.path().join("mount");
        fs::create_dir(&mount_point).unwrap();
        let log = File::create(directory.path().join("log")).unwrap();
        command.args(["mount", "-f"]).args(arguments).arg(store).arg(&mount_point);
        command.stdout(Stdio::null()).stderr(log);
        let daemon = command.spawn().unwrap();
        let watchdog = Some(Watchdog::start(&daemon, &mount_point, hang));
        let mut mounted = Mounted { directory, daemon, watchdog, command, hang };
        mounted.wait_until_it_answers();
        log_mount(&mount_point);
        Some(mounted)
    }

    /// Ends the daemon, by SIGKILL in the middle of whatever it does or by SIGTERM, and mounts the same store there again.
    #[track_caller]
    pub(crate) fn mount_again(&mut self, signal: Signal) {
        self.end(signal);
        self.begin_again();
    }

    /// Ends the daemon.
    #[track_caller]
    pub(crate) fn end(&mut self, signal: Signal) {
        assert!(!self.watchdog.take().is_some_and(Watchdog::stop), "something hangs: {}", self.said());
        self.signal(signal);
        self.wait();
    }

    /// Mounts the same store there again, after the daemon has ended.
    #[track_caller]
    pub(crate) fn begin_again(&mut self) {
        self.daemon = self.command.spawn().unwrap();
        self.watchdog = Some(Watchdog::start(&self.daemon, &self.path(), self.hang));
        self.wait_until_it_answers();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("mount")
    }

    /// The store, when it was not given.
    pub(crate) fn store_path(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// The process that serves it.
    pub(crate) fn process(&self) -> u32 {
        self.daemon.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(pid(&self.daemon), signal).unwrap();
    }

    /// Waits until the daemon has ended by itself.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_for(&mut self.daemon, END).unwrap_or_else(|| {
            let waits = waits_of(self.daemon.id());
            panic!("the daemon does not end; it said: {}\n{waits}", self.said())
        })
    }

    /// What the daemon has written to standard error.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Waits for an answer of the daemon, not of the kernel alone; without one the watchdog ends the wait.
    fn wait_until_it_answers(&mut self) {
        let path = self.path();
        let began = Instant::now();
        // What a killed daemon has left is in the table, too, and answers with an error.
        let answers = || rustix::fs::statfs(&path).is_ok_and(|answer| answer.f_type == FUSE_SUPER_MAGIC);
        while keyfs::fuse::mount_at(&path).unwrap().is_none() || !answers() {
            if let Some(status) = self.daemon.try_wait().unwrap() {
                panic!("cannot mount: {status}: {}", self.said());
            }
            assert!(began.elapsed() < START, "nothing is mounted after {START:?}: {}", self.said());
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let hung = self.watchdog.take().is_some_and(Watchdog::stop);
        let running = matches!(self.daemon.try_wait(), Ok(None));
        if running {
            let _ = kill_process(pid(&self.daemon), Signal::TERM);
        }
        let ended = wait_for(&mut self.daemon, END).is_some();
        if is_mounted(&self.path()) {
            unmount_lazily(&self.path());
        }
        let waits = if ended { String::new() } else { waits_of(self.daemon.id()) };
        if !ended {
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
        if !thread::panicking() {
            assert!(!hung, "the test held the mount longer than it may: something hangs");
            assert!(ended, "the daemon did not end after SIGTERM: {}\n{waits}", self.said());
        }
    }
}

/// Ends a mount that a test holds too long, so that whoever waits for its answer gets an error.
struct Watchdog {
    stop: Sender<()>,
    thread: JoinHandle<()>,
    hung: Arc<AtomicBool>,
}

impl Watchdog {
    fn start(daemon: &Child, mount_point: &Path, hang: Duration) -> Watchdog {
        let (stop, stopped) = mpsc::channel();
        let hung = Arc::new(AtomicBool::new(false));
        let (daemon, mount_point, seen) = (pid(daemon), mount_point.to_owned(), Arc::clone(&hung));
        let thread = thread::spawn(move || {
            if stopped.recv_timeout(hang) == Err(RecvTimeoutError::Timeout) {
                seen.store(true, Ordering::Relaxed);
                unmount_lazily(&mount_point);
                // Not waited for before this thread has ended, so the number is still the daemon's.
                let _ = kill_process(daemon, Signal::KILL);
            }
        });
        Watchdog { stop, thread, hung }
    }

    /// Stops watching; true when it had to step in.
    fn stop(self) -> bool {
        let _ = self.stop.send(());
        self.thread.join().unwrap();
        self.hung.load(Ordering::Relaxed)
    }
}

/// What each thread of a process waits for in the kernel.
fn waits_of(process: u32) -> String {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let wait = |thread: fs::DirEntry| {
        let read = |name| fs::read_to_string(thread.path().join(name)).unwrap_or_default().trim_end().to_owned();
        format!("{}: {}\n", read("comm"), read("wchan"))
    };
    threads.map(wait).collect()
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

pub(crate) fn is_mounted(path: &Path) -> bool {
    keyfs::fuse::mount_at(path).unwrap().is_some()
}

pub(crate) fn unmount_lazily(path: &Path) {
    let _ = Command::new("fusermount3").args(["-u", "-z", "--"]).arg(path).stderr(Stdio::null()).status();
}

/// Saves as a shell does; the error of closing counts, too, which `std::fs::write` does not tell.
pub(crate) fn save(path: &Path, text: &str) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o666))?;
    rustix::io::write(&file, text.as_bytes())?;
    crate::behaviour::close(file)
}

/// Waits for the end of a process; none when it takes too long.
pub(crate) fn wait_for(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if began.elapsed() > limit {
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}
