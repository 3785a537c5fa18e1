use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{self, AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::file::timestamps;

const DIRECTORY_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// How a file is opened: not through a link, not waiting for a FIFO, not as a controlling terminal.
const FILE_FLAGS: OFlags =
    OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// A directory, held by its descriptor: what is reached through it is reached by its name alone, no path is followed.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

/// Whether a folder could be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locked {
    Yes,
    /// Somebody else holds the lock.
    No,
    /// The file system has no such locks.
    Unsupported,
}

impl Folder {
    /// Opens a directory by its path, which may lead through links: it is the user's.
    pub(super) fn open(path: &Path) -> io::Result<Folder> {
        Ok(Folder(fs::open(path, DIRECTORY_FLAGS, Mode::empty())?))
    }

    /// Opens a directory in this one; a link is none.
    pub(super) fn folder(&self, name: impl AsRef<OsStr>) -> io::Result<Folder> {
        Ok(Folder(fs::openat(&self.0, name.as_ref(), DIRECTORY_FLAGS | OFlags::NOFOLLOW, Mode::empty())?))
    }

    /// Opens a directory in this one, made for this user alone when it is missing; true when it was.
    ///
    /// One of another user is refused: he could read and change what is kept there.
    pub(super) fn own_folder(&self, name: impl AsRef<OsStr>) -> io::Result<(Folder, bool)> {
        let made = match fs::mkdirat(&self.0, name.as_ref(), Mode::RWXU) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(error.into()),
        };
        let folder = self.folder(name)?;
        let stat = fs::fstat(&folder.0)?;
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
        if stat.st_mode & 0o777 != 0o700 {
            fs::fchmod(&folder.0, Mode::RWXU)?;
        }
        Ok((folder, made))
    }

    /// Takes the lock of the directory if it is free; it is held until the folder is dropped, or the process ends.
    pub(super) fn try_lock(&self) -> Locked {
        match fs::flock(&self.0, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Locked::Yes,
            Err(Errno::WOULDBLOCK) => Locked::No,
            Err(_) => Locked::Unsupported,
        }
    }

    /// Waits for the lock of the directory. Where there is none nobody waits, and nobody is kept out.
    pub(super) fn lock(&self) {
        while fs::flock(&self.0, FlockOperation::LockExclusive) == Err(Errno::INTR) {}
    }

    /// The names in the directory, sorted.
    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// What has a name; a link is not followed.
    pub(super) fn stat(&self, name: impl AsRef<OsStr>) -> io::Result<fs::Stat> {
        Ok(fs::statat(&self.0, name.as_ref(), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    pub(super) fn contains(&self, name: impl AsRef<OsStr>) -> io::Result<bool> {
        match self.stat(name) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a file of a name that is free.
    pub(super) fn create(&self, name: impl AsRef<OsStr>) -> io::Result<OwnedFd> {
        let flags = FILE_FLAGS | OFlags::CREATE | OFlags::EXCL;
        Ok(fs::openat(&self.0, name.as_ref(), flags, Mode::RUSR | Mode::WUSR)?)
    }

    /// Opens a regular file for reading and writing.
    pub(super) fn open_file(&self, name: impl AsRef<OsStr>) -> io::Result<OwnedFd> {
        let file = fs::openat(&self.0, name.as_ref(), FILE_FLAGS, Mode::empty())?;
        match FileType::from_raw_mode(fs::fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(file),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
        }
    }

    pub(super) fn symlink(&self, name: impl AsRef<OsStr>, target: &[u8]) -> io::Result<()> {
        Ok(fs::symlinkat(OsStr::from_bytes(target), &self.0, name.as_ref())?)
    }

    pub(super) fn read_link(&self, name: impl AsRef<OsStr>) -> io::Result<Vec<u8>> {
        Ok(fs::readlinkat(&self.0, name.as_ref(), Vec::new())?.into_bytes())
    }

    /// Sets the time of modification of a link itself.
    pub(super) fn set_modified(&self, name: impl AsRef<OsStr>, modified: SystemTime) -> io::Result<()> {
        Ok(fs::utimensat(&self.0, name.as_ref(), &timestamps(modified), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Unlinks a name; one that is gone already is no error.
    pub(super) fn unlink(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        match fs::unlinkat(&self.0, name.as_ref(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a directory that is empty.
    pub(super) fn remove_folder(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        Ok(fs::unlinkat(&self.0, name.as_ref(), AtFlags::REMOVEDIR)?)
    }

    /// Gives a file another name, there or in another directory, in place of what has it.
    pub(super) fn rename(&self, name: impl AsRef<OsStr>, to: &Folder, new: impl AsRef<OsStr>) -> io::Result<()> {
        Ok(fs::renameat(&self.0, name.as_ref(), &to.0, new.as_ref())?)
    }

    /// Exchanges two names.
    pub(super) fn exchange(&self, one: &OsStr, other: &OsStr) -> io::Result<()> {
        Ok(fs::renameat_with(&self.0, one, &self.0, other, RenameFlags::EXCHANGE)?)
    }

    /// Gives a file another name that must be free.
    pub(super) fn rename_to_free(
        &self,
        name: impl AsRef<OsStr>,
        to: &Folder,
        new: impl AsRef<OsStr>,
    ) -> io::Result<()> {
        let (name, new) = (name.as_ref(), new.as_ref());
        match fs::renameat_with(&self.0, name, &to.0, new, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // The file system does not know it; a link never replaces either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                self.link(name, to, new)?;
                self.unlink(name)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a file, or a symbolic link itself, a second name that must be free.
    pub(super) fn link(&self, name: impl AsRef<OsStr>, to: &Folder, new: impl AsRef<OsStr>) -> io::Result<()> {
        Ok(fs::linkat(&self.0, name.as_ref(), &to.0, new.as_ref(), AtFlags::empty())?)
    }

    /// Waits until the names in the directory are on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.0)?)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
