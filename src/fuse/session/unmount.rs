use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use super::busy::{describe, holders};
use super::check::{find_program, mount_point_path};
use super::error::MountError;
use super::mount_table::mount_at;
use crate::fuse::MOUNT_TYPE;

/// How long a mount may be busy before its users are named: who looks at it for a moment only is gone by then.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long it waits between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// Unmounts what keyfs has mounted at a path; `lazy` even while somebody uses it, who can then go on until he closes.
///
/// # Errors
///
/// [`MountError::NotMounted`]; [`MountError::Busy`], with the names of those who use it; [`MountError::Io`].
pub fn unmount(mount_point: &Path, lazy: bool) -> Result<(), MountError> {
    let path = mount_point_path(mount_point)?;
    let io_error = |source| MountError::Io { action: "unmount", path: path.clone(), source };
    let entry = mount_at(&path).map_err(io_error)?;
    if entry.is_none_or(|entry| entry.kind != MOUNT_TYPE) {
        return Err(MountError::NotMounted(path));
    }
    // The daemon itself is in the mount for a moment when it tells watchers of something.
    let began = Instant::now();
    loop {
        match take_away(&path, lazy) {
            Err(MountError::Busy { .. }) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
}

/// Takes a mount away that nobody serves any more.
pub(super) fn detach(mount_point: &Path) -> Result<(), MountError> {
    take_away(mount_point, true)
}

fn take_away(path: &Path, lazy: bool) -> Result<(), MountError> {
    let flags = if lazy { UnmountFlags::DETACH } else { UnmountFlags::empty() } | UnmountFlags::NOFOLLOW;
    match rustix::mount::unmount(path, flags) {
        Ok(()) => Ok(()),
        Err(Errno::BUSY) => Err(MountError::Busy { path: path.to_owned(), holders: describe(&holders(path)) }),
        // Ordinary users have a program for it.
        Err(Errno::PERM) => with_fusermount(path, lazy),
        Err(error) => Err(MountError::Io { action: "unmount", path: path.to_owned(), source: error.into() }),
    }
}

fn with_fusermount(path: &Path, lazy: bool) -> Result<(), MountError> {
    let program = find_program("fusermount3").ok_or(MountError::NoFusermount)?;
    let io_error = |source| MountError::Io { action: "unmount", path: path.to_owned(), source };
    let mut command = Command::new(program);
    command.arg("-u").args(lazy.then_some("-z")).arg("--").arg(path);
    let output = command.output().map_err(io_error)?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if message.contains("busy") {
        return Err(MountError::Busy { path: path.to_owned(), holders: describe(&holders(path)) });
    }
    Err(io_error(io::Error::other(message)))
}
