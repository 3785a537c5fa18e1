//! Parts of these tests in processes of their own: this very program again, with a part to play.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::progress::Progress;
use super::readers::{ALL, Reader};
use super::tally::Tally;
use super::writers;
use crate::behaviour::foreign_store;
use crate::mounted::wait_for;

const PART: &str = "KEYFS_TEST_PART";
const DIRECTORY: &str = "KEYFS_TEST_PART_DIRECTORY";
const PROGRESS: &str = "KEYFS_TEST_PART_PROGRESS";

/// How long a process may take to end when it is told to stop.
const END: Duration = Duration::from_secs(20);

/// A process that plays a part until it is told to stop.
pub(super) struct Process {
    child: Child,
    tally: PathBuf,
}

impl Process {
    /// Puts and removes in a store.
    pub(super) fn writer(store: &Path, progress: &Progress) -> Process {
        Process::start("writer", 0, store, progress)
    }

    /// Reads in a mount.
    pub(super) fn reader(number: usize, mount: &Path, progress: &Progress) -> Process {
        Process::start("reader", number, mount, progress)
    }

    fn start(part: &str, number: usize, directory: &Path, progress: &Progress) -> Process {
        let tally = progress.path().with_extension(format!("{part}{number}"));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "coherence::process::part", "--nocapture"]).stdout(Stdio::null());
        command.env(PART, format!("{part} {number}")).env(DIRECTORY, directory).env(PROGRESS, progress.path());
        Process { child: command.spawn().unwrap(), tally }
    }

    /// What it has seen, once it has ended.
    #[track_caller]
    pub(super) fn tally(mut self) -> Tally {
        let status = wait_for(&mut self.child, END);
        assert!(status.is_some_and(|status| status.success()), "a process of the test: {status:?}");
        serde_json::from_str(&std::fs::read_to_string(&self.tally).unwrap()).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The part of a process that was started here; nothing in an ordinary run of the tests.
#[test]
fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    let directory = PathBuf::from(std::env::var_os(DIRECTORY).unwrap());
    let progress = Progress::open(Path::new(&std::env::var_os(PROGRESS).unwrap()));
    let (part, number) = part.split_once(' ').unwrap();
    let tally = match part {
        "writer" => writers::put_and_remove(&foreign_store(&directory), &progress),
        "reader" => Reader::new(&directory, &progress, number.parse().unwrap(), ALL).read_all(),
        other => panic!("no such part: {other}"),
    };
    std::fs::write(progress.path().with_extension(format!("{part}{number}")), serde_json::to_string(&tally).unwrap())
        .unwrap();
}
