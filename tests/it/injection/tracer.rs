//! strace on a daemon, which lets some of its system calls fail or end it.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

use crate::mounted::wait_for;

/// How long strace may take to follow all threads, or to let go of them.
const LIMIT: Duration = Duration::from_secs(20);

/// How long it may take to let go of them one after the other.
const PATIENCE: Duration = Duration::from_secs(2);

/// For how long no call is made when the process has come to rest.
const REST: Duration = Duration::from_millis(20);

/// What strace writes behind the result of a call that it has not let through.
const INJECTED: &str = "(INJECTED)";

/// Follows a process until it is dropped; for a mount that nobody uses but the test.
pub(super) struct Tracer {
    strace: Child,
    process: u32,
    log: NamedTempFile,
}

impl Tracer {
    /// Follows all threads of a process with these `-e` expressions; none where nobody may follow a process, which is a
    /// failure where mounts are required.
    ///
    /// Paths of descriptors are not written: of a file that was removed strace looks at what has the name now, and hangs when
    /// that is in the mount, whose daemon it has just stopped.
    #[track_caller]
    pub(super) fn follow(process: u32, expressions: &[String]) -> Option<Tracer> {
        Tracer::start(process, expressions, &[])
    }

    /// The same with the paths of descriptors, for a daemon that opens nothing in its own mount.
    #[track_caller]
    pub(super) fn follow_with_paths(process: u32, expressions: &[String]) -> Option<Tracer> {
        Tracer::start(process, expressions, &["-y"])
    }

    #[track_caller]
    fn start(process: u32, expressions: &[String], options: &[&str]) -> Option<Tracer> {
        let log = NamedTempFile::new().unwrap();
        let mut command = Command::new("strace");
        command.arg("-f").args(options).args(["-p", &process.to_string(), "-o"]).arg(log.path());
        expressions.iter().for_each(|expression| _ = command.args(["-e", expression]));
        let strace = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut tracer = match strace {
            Ok(strace) => Tracer { strace, process, log },
            Err(error) => return not_run(&error.to_string()),
        };
        let began = Instant::now();
        while !tracer.follows_all() {
            if tracer.strace.try_wait().unwrap().is_some() {
                let mut said = String::new();
                tracer.strace.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                return not_run(said.trim());
            }
            assert!(began.elapsed() < LIMIT, "strace does not follow all threads");
            thread::sleep(Duration::from_millis(1));
        }
        Some(tracer)
    }

    fn follows_all(&self) -> bool {
        let line = format!("TracerPid:\t{}", self.strace.id());
        let mut tracers = tracers(self.process).peekable();
        tracers.peek().is_some() && tracers.all(|tracer| tracer == line)
    }

    /// All that strace has written.
    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log.path()).unwrap()).into_owned()
    }

    /// The calls that have failed because they were to.
    pub(super) fn hits(&self) -> Vec<String> {
        let log = self.log();
        log.lines().filter(|line| line.contains(INJECTED)).map(str::to_owned).collect()
    }

    /// Lets go of the process, and gives all that was written.
    #[track_caller]
    pub(super) fn end(mut self) -> String {
        assert!(self.let_go(), "strace does not let go of the process");
        self.log()
    }

    /// Lets go of all threads; false when that cannot be.
    ///
    /// strace does so one after the other, and waits for each to stop: for ever, when one waits in the kernel for an answer of
    /// another that is stopped already. What it follows goes on at once when it is killed.
    fn let_go(&mut self) -> bool {
        self.wait_for_rest();
        let _ = kill_process(Pid::from_child(&self.strace), Signal::INT);
        if wait_for(&mut self.strace, PATIENCE).is_none() {
            let _ = self.strace.kill();
            let _ = self.strace.wait();
        }
        let began = Instant::now();
        let is_followed = || tracers(self.process).any(|tracer| tracer != "TracerPid:\t0");
        while is_followed() && began.elapsed() < LIMIT {
            thread::sleep(Duration::from_millis(1));
        }
        !is_followed()
    }

    /// Waits until nothing more is written, for some time.
    fn wait_for_rest(&self) {
        let written = || fs::metadata(self.log.path()).map_or(0, |about| about.len());
        let (began, mut last, mut since) = (Instant::now(), written(), Instant::now());
        while since.elapsed() < REST && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(2));
            let now = written();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        if matches!(self.strace.try_wait(), Ok(None)) {
            self.let_go();
        }
    }
}

/// By whom each thread of a process is followed.
fn tracers(process: u32) -> impl Iterator<Item = String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        status.lines().find(|line| line.starts_with("TracerPid:")).map(str::to_owned)
    })
}

/// Says past the capture of what a passing test prints that nothing was tested.
fn not_run(why: &str) -> Option<Tracer> {
    let required = std::env::var_os("KEYFS_TEST_MOUNT").is_some_and(|value| value == "required");
    assert!(!required, "strace cannot follow the daemon: {why}");
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "!!! NOT RUN, strace cannot follow the daemon ({why}): {test}");
    None
}
