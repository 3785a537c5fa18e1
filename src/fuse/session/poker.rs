//! The poker: the one thread of this program that uses its own mount.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fstat, ftruncate, openat, unlinkat};

use crate::store::Store;
use crate::vfs::{Poke, Vfs};

/// How many times longer than a poke took the poker rests: it is never more than a small part of what the mount does, and
/// hardly ever in the way of who unmounts it.
const REST: u32 = 10;

/// The mount as the poker knows it.
pub(super) struct Poker {
    mount_point: PathBuf,
    /// The device that the mount is; something else may be mounted over it.
    device: u64,
}

impl Poker {
    /// Learns which device the mount is. It must be served already.
    fn new(mount_point: &Path) -> io::Result<Poker> {
        let device = fstat(open_directory(mount_point)?)?.st_dev;
        Ok(Poker { mount_point: mount_point.to_owned(), device })
    }

    /// Repeats through the mount what others have done to the store, until the file system is closed.
    pub(super) fn run(mount_point: &Path, vfs: &Vfs<Store>) {
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        let poker = match Poker::new(mount_point) {
            Ok(poker) => poker,
            Err(error) => {
                log::warn!("{}: changes by others are not announced: {error}", mount_point.display());
                return;
            }
        };
        vfs.begin_pokes(thread.unsigned_abs());
        while let Some(poke) = vfs.next_poke() {
            let began = Instant::now();
            if let Err(error) = poker.repeat(&poke) {
                // Gone meanwhile, or unmounted: nothing that anybody could still be told.
                log::debug!("{poke:?}: {error}");
            }
            std::thread::sleep((began.elapsed() * REST).min(Duration::from_millis(100)));
        }
    }

    fn repeat(&self, poke: &Poke) -> io::Result<()> {
        // Opened each time: an open directory would keep the mount busy.
        let root = open_directory(&self.mount_point)?;
        if fstat(&root)?.st_dev != self.device {
            return Ok(());
        }
        match poke {
            Poke::Create(name) => change(root.as_fd(), name, OFlags::CREATE),
            Poke::Change(name, times) => (0..*times).try_for_each(|_| change(root.as_fd(), name, OFlags::empty())),
            Poke::Unlink(name) => Ok(unlinkat(&root, name, AtFlags::empty())?),
        }
    }
}

fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

/// Opens a file for writing and cuts it to the size that it has.
fn change(root: impl AsFd, name: &OsStr, flags: OFlags) -> io::Result<()> {
    let flags = flags | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(root, name, flags, Mode::from_raw_mode(0o644))?;
    let size = u64::try_from(fstat(&file)?.st_size).unwrap_or(0);
    Ok(ftruncate(&file, size)?)
}
