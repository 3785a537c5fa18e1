//! What SIGTERM and SIGINT do to a daemon.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use keyfs::Store;
use rustix::process::Signal;

use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, is_mounted};

/// Longer than a daemon goes on trying to unmount what is busy.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How long something may take on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(5);

/// Writes each line that it is given behind the one before, and closes at the end.
const SCRIPT: &str = "
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
for line in sys.stdin:
    os.write(file, line.strip().encode())
    print('written', flush=True)
os.close(file)
";

/// A program of its own that has a file open: what this one has open is inherited, and saved, by all that it starts.
struct Writer {
    program: Child,
    lines: Option<ChildStdin>,
}

impl Writer {
    fn of(mounted: &Mounted, name: &str, text: &str) -> Writer {
        let mut command = Command::new("python3");
        command.args(["-I", "-c", SCRIPT]).arg(mounted.path().join(name));
        let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = program.stdin.take();
        let mut writer = Writer { program, lines };
        writer.write(text);
        writer
    }

    fn write(&mut self, text: &str) {
        writeln!(self.lines.as_mut().unwrap(), "{text}").unwrap();
        let mut answer = String::new();
        BufReader::new(self.program.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
        assert_eq!(answer, "written\n");
    }

    #[track_caller]
    fn close(&mut self) {
        self.lines = None;
        assert!(self.program.wait().unwrap().success(), "close has failed");
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[track_caller]
fn wait_until(mounted: &Mounted, what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LIMIT, "{what}: {}", mounted.said());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn value(store: &Store, key: &str) -> Option<String> {
    store.synchronize().unwrap();
    store.get(key).unwrap().map(|value| value.to_string())
}

/// "`SIGTERM` and `SIGINT` [...] unmount."
#[test]
fn a_signal_unmounts_and_ends_the_daemon_with_status_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let Some(mut mounted) = Mounted::new() else { return };
        fs::write(mounted.path().join("key"), "1").unwrap();
        mounted.signal(signal);
        let status = mounted.wait();
        assert!(status.success(), "{signal:?}: {status}: {}", mounted.said());
        assert!(!is_mounted(&mounted.path()), "{signal:?}");
        assert_eq!(value(&foreign_store(&mounted.store_path()), "key").unwrap(), "1");
    }
}

/// "SIGTERM/SIGINT unmount after pending saves." "`SIGTERM` and `SIGINT` save every draft that is JSON and unmount, as
/// soon as nobody uses the mount; after a second in which somebody did it stays, unfinished drafts too, and a second
/// signal takes it away lazily."
#[test]
fn a_signal_to_a_busy_mount_saves_what_is_complete_and_lets_the_rest_go_on() {
    let Some(mut mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let mut complete = Writer::of(&mounted, "complete", "12");
    let mut unfinished = Writer::of(&mounted, "unfinished", "[1,");
    assert_eq!(value(&store, "complete"), None, "saved before the signal");
    mounted.signal(Signal::TERM);
    wait_until(&mounted, "it is not saved", || value(&store, "complete").is_some());
    assert_eq!(value(&store, "complete").unwrap(), "12");
    std::thread::sleep(PATIENCE);
    assert!(is_mounted(&mounted.path()), "unmounted while files are open");
    assert!(mounted.said().contains("busy"), "{}", mounted.said());
    unfinished.write("3]");
    unfinished.close();
    assert_eq!(value(&store, "unfinished").unwrap(), "[1, 3]");
    // The second unmounts lazily: who has a file open can finish, and with him the daemon ends.
    mounted.signal(Signal::TERM);
    wait_until(&mounted, "the second signal does not unmount", || !is_mounted(&mounted.path()));
    complete.write("3");
    complete.close();
    assert!(mounted.wait().success(), "{}", mounted.said());
    assert_eq!(value(&store, "complete").unwrap(), "123");
}

/// Whoever uses the mount for a moment only does not keep it.
#[test]
fn a_signal_waits_for_a_user_who_is_gone_soon() {
    let Some(mut mounted) = Mounted::new() else { return };
    let mut writer = Writer::of(&mounted, "key", "1");
    mounted.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(200));
    writer.close();
    assert!(mounted.wait().success(), "{}", mounted.said());
    assert!(!is_mounted(&mounted.path()));
    assert_eq!(value(&foreign_store(&mounted.store_path()), "key").unwrap(), "1");
}
