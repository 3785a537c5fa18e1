//! The program that uses the mount: this very program again, in a process that can be given up when the mount hangs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::mount::UnmountFlags;

use super::acts::{Done, Stage};
use crate::mounted::{Mounted, wait_for};

const PART: &str = "KEYFS_TEST_INJECTION_PART";

/// How long a program may take for all that it does, each call of the daemon being followed.
const LIMIT: Duration = Duration::from_secs(60);

/// What such a process is to do, and where.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Part {
    pub(super) mount: PathBuf,
    pub(super) store: PathBuf,
    pub(super) old: i64,
    pub(super) new: i64,
    pub(super) does: Does,
    answer: PathBuf,
}

#[derive(serde::Serialize, serde::Deserialize)]
pub(super) enum Does {
    Play,
    Read(Vec<String>),
    Calm,
}

/// Lets a process do its part; none when it hangs: then the mount is ended by force.
pub(super) fn run(mounted: &Mounted, old: i64, new: i64, does: Does) -> Option<Vec<Done>> {
    let answer = tempfile::NamedTempFile::new().unwrap();
    let (mount, store, path) = (mounted.path(), mounted.store_path(), answer.path().to_owned());
    let part = Part { mount, store, old, new, does, answer: path };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "injection::client::part", "--nocapture"]).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.env(PART, serde_json::to_string(&part).unwrap()).spawn().unwrap();
    match wait_for(&mut child, LIMIT) {
        Some(status) => {
            assert!(status.success(), "a process of the test: {status}");
            Some(serde_json::from_slice(&std::fs::read(answer.path()).unwrap()).unwrap())
        }
        None => {
            end_by_force(mounted, &mut child);
            None
        }
    }
}

/// Ends a mount that hangs, so that whoever waits for its answer can be ended, too.
fn end_by_force(mounted: &Mounted, waiting: &mut Child) {
    let _ = waiting.kill();
    // Aborts the connection; that somebody uses the mount does not matter.
    let _ = rustix::mount::unmount(mounted.path(), UnmountFlags::FORCE);
    mounted.signal(rustix::process::Signal::KILL);
    let _ = waiting.wait();
}

/// The part of a process that was started here; nothing in an ordinary run of the tests.
#[test]
fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    let Part { mount, store, old, new, does, answer } = serde_json::from_str(&part).unwrap();
    let stage = Stage::new(Path::new(&mount), &store, old, new);
    let done = match does {
        Does::Play => stage.play(),
        Does::Read(keys) => stage.read(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
        Does::Calm => stage.calm(),
    };
    std::fs::write(answer, serde_json::to_vec(&done).unwrap()).unwrap();
}
