//! What the daemon makes durable, seen by its system calls.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::mounted::Mounted;

/// Writes down each call that syncs, with the path of what is synced.
struct Trace {
    strace: Child,
    log: tempfile::NamedTempFile,
}

impl Trace {
    /// Follows the daemon of a mount; none where nobody may follow a process, which is told past the capture.
    fn of(mounted: &Mounted) -> Option<Trace> {
        let status = fs::read_to_string(mounted.path().join(".keyfs/status")).unwrap();
        let process = serde_json::from_str::<serde_json::Value>(&status).unwrap()["process"].to_string();
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-e", "trace=fsync,fdatasync", "-p", &process, "-o"]).arg(log.path());
        let mut strace = command.stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(strace.stderr.take().unwrap()).read_line(&mut said).unwrap();
        let trace = Trace { strace, log };
        if said.contains("attached") {
            return Some(trace);
        }
        let _ = writeln!(std::io::stderr(), "!!! NOT RUN, strace cannot follow the daemon: {}", said.trim());
        None
    }

    fn has_synced(&self, path: &Path) -> bool {
        let log = fs::read_to_string(self.log.path()).unwrap();
        log.lines().any(|line| line.contains(&format!("<{}>", path.display())))
    }

    #[track_caller]
    fn expect(&self, path: &Path) {
        let began = Instant::now();
        while !self.has_synced(path) {
            assert!(began.elapsed() < Duration::from_secs(5), "{} was not synced", path.display());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.strace), Signal::INT);
        let _ = self.strace.wait();
    }
}

/// "close (flush), `fsync`: of a scratch file, until its bytes and its name are." "fsync of the directory: and the names of
/// the scratch files."
#[test]
fn a_scratch_file_is_synced_with_its_name() {
    for by_directory in [false, true] {
        let Some(mounted) = Mounted::of(None, &["-i", "me"]) else { return };
        let scratch = mounted.store_path().canonicalize().unwrap().join("keyfs.me/0/scratch");
        let Some(trace) = Trace::of(&mounted) else { return };
        fs::write(mounted.path().join(".x"), "x").unwrap();
        assert!(!trace.has_synced(&scratch.join(".x")) && !trace.has_synced(&scratch));
        if by_directory {
            File::open(mounted.path()).unwrap().sync_all().unwrap();
        } else {
            File::options().write(true).open(mounted.path().join(".x")).unwrap().sync_all().unwrap();
            trace.expect(&scratch.join(".x"));
        }
        trace.expect(&scratch);
    }
}
