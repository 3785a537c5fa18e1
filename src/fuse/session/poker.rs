//! The poker: the one thread of this program that uses its own mount.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Statx, StatxFlags, ftruncate, openat, statx, unlinkat};

use crate::store::Store;
use crate::vfs::{Poke, Vfs};

/// The mount as the poker knows it.
pub(super) struct Poker {
    mount_point: PathBuf,
    /// The device that the mount is; something else may be mounted over it.
    device: (u32, u32),
}

impl Poker {
    /// Learns which device the mount is. It must be served already.
    fn new(mount_point: &Path) -> io::Result<Poker> {
        let device = device_of(open_directory(mount_point)?)?;
        Ok(Poker { mount_point: mount_point.to_owned(), device })
    }

    /// Repeats through the mount what others have done to the store, until the file system is closed.
    pub(super) fn run(mount_point: &Path, vfs: &Vfs<Store>) {
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        let poker = match Poker::new(mount_point) {
            Ok(poker) => poker,
            Err(error) => {
                log::warn!("{}: changes by others are not announced: {error}", mount_point.display());
                return vfs.end_pokes();
            }
        };
        vfs.set_poker(thread.unsigned_abs());
        while let Some(poke) = vfs.next_poke() {
            let began = Instant::now();
            if let Err(error) = poker.repeat(&poke) {
                // Gone meanwhile, or unmounted: nothing that anybody could still be told.
                log::debug!("{poke:?}: {error}");
            }
            std::thread::sleep(vfs.poke_ended(began.elapsed()));
        }
    }

    fn repeat(&self, poke: &Poke) -> io::Result<()> {
        // Opened each time: an open directory would keep the mount busy.
        let root = open_directory(&self.mount_point)?;
        if device_of(&root)? != self.device {
            return Ok(());
        }
        match poke {
            Poke::Create(name, changes) => {
                change(root.as_fd(), name, OFlags::CREATE)?;
                change_times(root.as_fd(), name, *changes)
            }
            Poke::Change(name, times) => change_times(root.as_fd(), name, *times),
            Poke::Unlink(name, times) => (0..*times).try_for_each(|_| Ok(unlinkat(&root, name, AtFlags::empty())?)),
        }
    }
}

fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

fn device_of(directory: impl AsFd) -> io::Result<(u32, u32)> {
    let known = known_of(directory)?;
    Ok((known.stx_dev_major, known.stx_dev_minor))
}

fn change_times(root: impl AsFd, name: &OsStr, times: usize) -> io::Result<()> {
    (0..times).try_for_each(|_| change(root.as_fd(), name, OFlags::empty()))
}

/// What the kernel knows of a file without asking, so that a poke is short.
fn known_of(file: impl AsFd) -> io::Result<Statx> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    Ok(statx(file, "", flags, StatxFlags::SIZE)?)
}

/// Opens a file for writing and cuts it to the size that it has.
fn change(root: impl AsFd, name: &OsStr, flags: OFlags) -> io::Result<()> {
    let flags = flags | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(root, name, flags, Mode::from_raw_mode(0o644))?;
    Ok(ftruncate(&file, known_of(&file)?.stx_size)?)
}
