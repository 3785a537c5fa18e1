//! Ending the mount of a process that was killed.
//!
//! A killed process keeps its descriptors until the last of its threads has ended. One that waits in the kernel for an
//! answer of this very process, or for a lock that somebody holds who does, never ends: so the connection stays open and
//! everybody waits. Another process therefore stays beside, hears when the thread that serves has gone, and aborts the
//! connection. It hears of that by a signal, which comes when the thread dies that started it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::UnmountFlags;
use rustix::process::{Pid, Signal};
use signal_hook::consts::SIGUSR1;
use signal_hook::iterator::Signals;

use super::mount_table::{MountEntry, mount_at, mount_of_device};

/// Where the kernel lets connections be aborted, by the numbers of their devices; not mounted everywhere.
const CONNECTIONS: &str = "/sys/fs/fuse/connections";

/// How long a process may take from the signal until it is seen to be dead.
const DYING: Duration = Duration::from_secs(5);

/// How long its threads may take to end by themselves.
const TEARDOWN: Duration = Duration::from_secs(1);

/// A process that ends a mount when this process is killed; ended itself when this is dropped.
#[derive(Debug)]
pub struct Guardian(Child);

impl Guardian {
    /// Starts `command`, which is to call [`guard`] with the two numbers that are appended to it: those of this process
    /// and of the device of what is mounted at `mount_point`.
    ///
    /// To be called by the thread that lives as long as the mount, which is best the main one.
    ///
    /// # Errors
    ///
    /// Those of starting a process; `InvalidInput` for an empty command; `NotFound` when nothing is mounted there.
    pub fn start(command: &[OsString], mount_point: &Path) -> io::Result<Guardian> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mounted = mount_at(mount_point)?.ok_or(io::ErrorKind::NotFound)?;
        let mut command = Command::new(program);
        command.args(arguments).arg(std::process::id().to_string()).arg(mounted.device.to_string());
        // In a group of its own: what is meant for a program in the foreground is not meant for it.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Guardian)
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        if let Err(error) = ended {
            log::debug!("the guardian of the mount cannot be ended: {error}");
        }
    }
}

/// Waits until the process `daemon`, which must have started this one, is dead, and aborts the mount with the number
/// `device`, so that whoever waits for an answer gets an error. For a process of its own.
///
/// # Errors
///
/// Those of asking for the signal, and of aborting; `InvalidInput` when `daemon` lives and has not started this process.
pub fn guard(daemon: u32, device: u32) -> io::Result<()> {
    // Else it would keep a directory busy, or end with a terminal.
    std::env::set_current_dir("/")?;
    let _ = rustix::process::setsid();
    let _ = rustix::thread::set_name(c"keyfs-guard");
    let mut signals = Signals::new([SIGUSR1])?;
    rustix::process::set_parent_process_death_signal(Some(Signal::USR1))?;
    let daemon = Process::new(daemon);
    // Opened while it lives: later another connection may have the number.
    let abort = open_abort(device);
    let is_child = rustix::process::getppid().is_some_and(|parent| daemon.is(parent));
    if !is_child && daemon.left() == Left::Alive {
        let why = "it was not started by the process that it is to guard";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    if daemon.left() == Left::Alive {
        // Others may send the signal, too.
        let _ = signals.forever().find(|_| daemon.becomes(DYING, |left| left != Left::Alive));
        if let Ok(mut abort) = abort {
            return abort.write_all(b"1");
        }
    }
    // As long as threads are left, the connection has its number.
    if daemon.becomes(TEARDOWN, |left| left == Left::Nothing) {
        return Ok(());
    }
    open_abort(device).and_then(|mut abort| abort.write_all(b"1")).or_else(|_| force(device))
}

fn open_abort(device: u32) -> io::Result<File> {
    OpenOptions::new().write(true).open(Path::new(CONNECTIONS).join(device.to_string()).join("abort"))
}

/// A process, told from a later one with the same number by the time at which it has started.
struct Process {
    number: u32,
    started: Option<u64>,
}

/// What is left of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Its first thread lives.
    Alive,
    /// Other threads are, which have not ended yet.
    Threads,
    Nothing,
}

impl Process {
    fn new(number: u32) -> Process {
        Process { number, started: state(&read_stat(number)).map(|(_, started)| started) }
    }

    fn is(&self, process: Pid) -> bool {
        u32::try_from(process.as_raw_nonzero().get()) == Ok(self.number)
    }

    fn left(&self) -> Left {
        let threads = || std::fs::read_dir(format!("/proc/{}/task", self.number)).map_or(0, Iterator::count);
        match state(&read_stat(self.number)) {
            Some((state, started)) if Some(started) == self.started => match state {
                b'Z' | b'X' if threads() > 1 => Left::Threads,
                b'Z' | b'X' => Left::Nothing,
                _ => Left::Alive,
            },
            _ => Left::Nothing,
        }
    }

    /// Waits until the process is as it should be; false when it is not after this time.
    fn becomes(&self, time: Duration, is_so: impl Fn(Left) -> bool) -> bool {
        let began = Instant::now();
        while !is_so(self.left()) {
            if began.elapsed() > time {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

fn read_stat(process: u32) -> Vec<u8> {
    std::fs::read(format!("/proc/{process}/stat")).unwrap_or_default()
}

/// The state and the time of the start in a line of `/proc/PID/stat`, behind the name in parentheses, which may hold anything.
fn state(stat: &[u8]) -> Option<(u8, u64)> {
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    let mut fields = std::str::from_utf8(&stat[end + 1..]).ok()?.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    // The 22nd field, the state being the third.
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// Aborts a connection by unmounting what it serves by force, which a file that is held open in it prevents: so the mount
/// stays, and says that its daemon is dead.
fn force(device: u32) -> io::Result<()> {
    let Some(mounted) = mount_of_device(device)? else { return Ok(()) };
    let root: OwnedFd = rustix::fs::open(&mounted.mount_point, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    if !is_of(&root, &mounted)? {
        // Something else has been mounted over it.
        return Ok(());
    }
    match rustix::mount::unmount(format!("/proc/self/fd/{}", root.as_raw_fd()), UnmountFlags::FORCE) {
        Ok(()) | Err(Errno::BUSY) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a descriptor leads into a mount, which the kernel tells without asking whoever serves it.
fn is_of(file: &OwnedFd, mounted: &MountEntry) -> io::Result<bool> {
    let told = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd()))?;
    let number = told.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse::<u32>().ok());
    Ok(number == Some(mounted.number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_stands_behind_a_name_that_may_hold_anything() {
        let rest = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20";
        assert_eq!(state(format!("12 (keyfs) S {rest}").as_bytes()), Some((b'S', 777)));
        assert_eq!(state(format!("12 (a) Z b) Z {rest}").as_bytes()), Some((b'Z', 777)));
        assert_eq!((state(b""), state(b"12 (a)"), state(b"12 (a) S 1 2")), (None, None, None));
    }

    #[test]
    fn a_process_with_the_number_of_another_is_not_taken_for_it() {
        let own = Process::new(std::process::id());
        assert!(own.left() == Left::Alive && own.started.is_some());
        assert_eq!(Process { started: own.started.map(|started| started + 1), ..own }.left(), Left::Nothing);
        assert_eq!(Process::new(u32::MAX).left(), Left::Nothing);
    }

    #[test]
    fn a_process_that_is_dead_and_not_waited_for_is_seen_dead() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::new(child.id());
        assert_eq!(process.left(), Left::Alive);
        child.kill().unwrap();
        assert!(process.becomes(DYING, |left| left == Left::Nothing));
        assert!(!process.becomes(Duration::ZERO, |left| left == Left::Alive));
        child.wait().unwrap();
        assert_eq!(process.left(), Left::Nothing);
    }
}
