//! Whether the directory that is held is still the one that the store's path leads to.
//!
//! A directory that is held by its descriptor can be used whatever becomes of its name: when the store was moved away, or
//! something lies over it, a mount would go on with what nobody else sees.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::fs::{self, AtFlags, CWD, Stat};
use rustix::io::Errno;

/// How often it is looked whether the path still leads there, where events would tell of all else.
const INTERVAL: Duration = Duration::from_secs(1);

/// The device and inode number of a directory.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(directory: &Stat) -> Identity {
    (directory.st_dev, directory.st_ino)
}

/// The path of a directory that is held.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    path: PathBuf,
}

impl Standing {
    /// For a path that may be relative: it means the same when the process has gone elsewhere.
    pub(super) fn new(path: &Path) -> Standing {
        Standing { path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) }
    }

    /// What stands there now, a link itself; none where this process may not look any more, as one that has given up rights.
    pub(super) fn look(&self) -> rustix::io::Result<Option<Stat>> {
        match fs::statat(CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::ACCESS | Errno::PERM) => Ok(None),
            // What is in the place of the store is none.
            Err(Errno::NOTDIR | Errno::LOOP) => Err(Errno::STALE),
            Err(error) => Err(error),
        }
    }
}

/// The same for a directory that is watched: it is looked at from time to time only.
#[derive(Debug)]
pub(super) struct Watched {
    standing: Standing,
    held: Identity,
    looked: Mutex<Instant>,
}

impl Watched {
    pub(super) fn new(standing: Standing, held: Identity) -> Watched {
        Watched { standing, held, looked: Mutex::new(Instant::now()) }
    }

    /// Whether the path was seen to lead elsewhere. No event tells of what is mounted over a directory, or of one above that
    /// was moved.
    pub(super) fn has_gone(&self) -> bool {
        let mut looked = self.looked.lock();
        if looked.elapsed() < INTERVAL {
            return false;
        }
        *looked = Instant::now();
        match self.standing.look() {
            Ok(found) => found.is_some_and(|found| identity(&found) != self.held),
            Err(_) => true,
        }
    }
}
