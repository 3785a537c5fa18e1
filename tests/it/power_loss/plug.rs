//! The end of a file system's power.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::survival::Moment;

/// Shuts file systems down without writing their logs (`EXT4_IOC_SHUTDOWN`, `XFS_IOC_GOINGDOWN`): what is not on disk is lost.
/// In Python, because the call is an `unsafe` one in Rust.
const SCRIPT: &str = "
import fcntl, os, struct, sys, time
SHUTDOWN, WITHOUT_LOG = 0x8004587d, struct.pack('I', 2)
for path in iter(sys.stdin.readline, ''):
    disk = os.open(path.rstrip('\\n'), os.O_RDONLY)
    print('held', flush=True)
    sys.stdin.readline()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    fcntl.ioctl(disk, SHUTDOWN, WITHOUT_LOG)
    os.close(disk)
    print(before, flush=True)
";

/// A process that pulls plugs.
pub(super) struct Plug {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Plug {
    pub(super) fn start() -> Plug {
        let mut command = Command::new("python3");
        let mut child =
            command.args(["-I", "-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Plug { child, requests, answers }
    }

    /// Takes hold of the plug of a file system, so that it can be pulled at once.
    pub(super) fn hold(&mut self, disk: &Path) {
        let answer = self.ask(disk.to_str().unwrap());
        assert_eq!(answer, "held");
    }

    /// Pulls it, and says a moment before which the power was still there: xfs calls some things done that come later.
    pub(super) fn pull(&mut self) -> Moment {
        let answer = self.ask("");
        answer.parse().unwrap_or_else(|_| panic!("the file system cannot be shut down: {answer:?}"))
    }

    fn ask(&mut self, request: &str) -> String {
        writeln!(self.requests, "{request}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
