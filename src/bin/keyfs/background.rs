//! Mounting in the background: this program is started again, and the first one waits until the mount answers.
//!
//! Starting anew instead of forking keeps the second process free of what the first one had: threads, locks, descriptors.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};

use crate::arenas;
use crate::exit::{Reason, Status};

/// What the second process says when the mount answers.
const READY: &str = "ready";

/// The environment variable that tells the second process that it is one.
const SECOND: &str = "KEYFS_MOUNT_IN_BACKGROUND";

/// Whether this is the second process.
pub(crate) fn is_second() -> bool {
    std::env::var_os(SECOND).is_some()
}

/// Starts the second process with the same arguments, and waits until its mount answers.
///
/// When the second one fails it says so itself, on the standard error that both share.
pub(crate) fn start(mount_point: &Path) -> Result<Status, Reason> {
    let program = std::env::current_exe().map_err(Reason::Background)?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1)).env(SECOND, "1").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = arenas::limit(&mut command).spawn().map_err(Reason::Background)?;
    let mut said = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut said).map_err(Reason::Background)?;
    }
    if said.trim_end() == READY {
        // The kernel and the daemon have agreed; now it has to answer.
        rustix::fs::statfs(mount_point).map_err(|error| Reason::Background(error.into()))?;
        return Ok(Status::Done);
    }
    let status = child.wait().map_err(Reason::Background)?;
    Ok(status.code().and_then(Status::from_code).unwrap_or(Status::MountFailed))
}

/// Tells the waiting process that the mount answers, and lets go of the terminal.
pub(crate) fn announce() {
    // Becoming the leader of a session of its own, so that closing the terminal does not end the mount.
    let _ = rustix::process::setsid();
    let _ = writeln!(std::io::stdout(), "{READY}").and_then(|()| std::io::stdout().flush());
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    if let Ok(null) = rustix::fs::open("/dev/null", flags, Mode::empty()) {
        let _ = rustix::stdio::dup2_stdout(null.as_fd());
        let _ = rustix::stdio::dup2_stderr(null.as_fd());
    }
}
