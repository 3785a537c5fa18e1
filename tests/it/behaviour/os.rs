//! A directory of the operating system: a plain one, or a mount.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::file_system::{Answer, FileSystem, OpenFile, Stat};

/// Longer than anything is put off.
const PUT_OFF: Duration = Duration::from_secs(3);

pub(crate) struct Os {
    root: PathBuf,
}

impl Os {
    pub(crate) fn new(root: impl Into<PathBuf>) -> Os {
        Os { root: root.into() }
    }

    pub(crate) fn path(&self, name: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(name))
    }
}

impl FileSystem for Os {
    fn open(&self, name: &[u8], flags: OFlags) -> Answer<Box<dyn OpenFile + '_>> {
        let file = rustix::fs::open(self.path(name), flags | OFlags::CLOEXEC, Mode::from_raw_mode(0o666))?;
        Ok(Box::new(OsFile { file, append: flags.contains(OFlags::APPEND) }))
    }

    fn truncate(&self, name: &[u8], size: u64) -> Answer<()> {
        nix::unistd::truncate(&self.path(name), i64::try_from(size).map_err(|_| Errno::INVAL)?).map_err(from_nix)
    }

    fn unlink(&self, name: &[u8]) -> Answer<()> {
        rustix::fs::unlink(self.path(name))
    }

    fn rename(&self, from: &[u8], to: &[u8]) -> Answer<()> {
        rustix::fs::rename(self.path(from), self.path(to))
    }

    fn rename_no_replace(&self, from: &[u8], to: &[u8]) -> Answer<()> {
        rustix::fs::renameat_with(CWD, self.path(from), CWD, self.path(to), RenameFlags::NOREPLACE)
    }

    fn exchange(&self, one: &[u8], other: &[u8]) -> Answer<()> {
        rustix::fs::renameat_with(CWD, self.path(one), CWD, self.path(other), RenameFlags::EXCHANGE)
    }

    fn stat(&self, name: &[u8]) -> Answer<Stat> {
        rustix::fs::lstat(self.path(name)).map(|stat| from_system(&stat))
    }

    fn list(&self, directory: &[u8]) -> Answer<Vec<Vec<u8>>> {
        let errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let entries = std::fs::read_dir(self.path(directory)).map_err(errno)?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_vec()).map_err(errno));
        let mut names: Vec<_> = names.collect::<Answer<_>>()?;
        names.sort_unstable();
        Ok(names)
    }

    fn list_with_attributes(&self, directory: &[u8]) -> Answer<Vec<(Vec<u8>, Stat)>> {
        let errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.path(directory)).map_err(errno)? {
            let entry = entry.map_err(errno)?;
            found.push((entry.file_name().into_vec(), rustix::fs::lstat(entry.path()).map(|stat| from_system(&stat))?));
        }
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    fn make_temporary(&self, name: &[u8]) -> Answer<Box<dyn OpenFile + '_>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::open(self.path(name), flags, Mode::from_raw_mode(0o600))?;
        Ok(Box::new(OsFile { file, append: false }))
    }

    fn let_time_pass(&self) {
        std::thread::sleep(PUT_OFF);
    }

    fn symlink(&self, name: &[u8], target: &[u8]) -> Answer<()> {
        rustix::fs::symlink(OsStr::from_bytes(target), self.path(name))
    }

    fn read_link(&self, name: &[u8]) -> Answer<Vec<u8>> {
        rustix::fs::readlink(self.path(name), Vec::new()).map(std::ffi::CString::into_bytes)
    }

    fn chmod(&self, name: &[u8], mode: u16) -> Answer<()> {
        rustix::fs::chmod(self.path(name), Mode::from_raw_mode(mode.into()))
    }

    fn set_modified(&self, name: &[u8], modified: SystemTime) -> Answer<()> {
        let since = modified.duration_since(UNIX_EPOCH).unwrap();
        let time = Timespec { tv_sec: since.as_secs() as i64, tv_nsec: since.subsec_nanos().into() };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, self.path(name), &times, AtFlags::empty())
    }

    fn space(&self) -> Answer<(u64, u64)> {
        rustix::fs::statvfs(&self.root).map(|space| (space.f_blocks, space.f_bfree))
    }
}

struct OsFile {
    file: OwnedFd,
    append: bool,
}

impl OpenFile for OsFile {
    fn read_at(&self, offset: u64, length: usize) -> Answer<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = rustix::io::pread(&self.file, &mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Answer<usize> {
        if self.append {
            return rustix::io::write(&self.file, bytes);
        }
        let mut written = 0;
        while written < bytes.len() {
            written += rustix::io::pwrite(&self.file, &bytes[written..], offset + written as u64)?;
        }
        Ok(written)
    }

    fn truncate(&self, size: u64) -> Answer<()> {
        rustix::fs::ftruncate(&self.file, size)
    }

    fn fsync(&self) -> Answer<()> {
        rustix::fs::fsync(&self.file)
    }

    fn stat(&self) -> Answer<Stat> {
        rustix::fs::fstat(&self.file).map(|stat| from_system(&stat))
    }

    fn close_duplicate(&self) -> Answer<()> {
        close(rustix::io::fcntl_dupfd_cloexec(&self.file, 0)?)
    }

    fn close(self: Box<Self>) -> Answer<()> {
        close(self.file)
    }
}

/// Closes a descriptor and returns the error, which dropping it hides.
pub(crate) fn close(file: OwnedFd) -> Answer<()> {
    nix::unistd::close(file).map_err(from_nix)
}

fn from_nix(error: nix::errno::Errno) -> Errno {
    Errno::from_raw_os_error(error as i32)
}

fn from_system(stat: &rustix::fs::Stat) -> Stat {
    Stat {
        size: stat.st_size as u64,
        modified: UNIX_EPOCH + Duration::new(stat.st_mtime as u64, stat.st_mtime_nsec as u32),
        mode: (stat.st_mode & 0o7777) as u16,
        is_directory: stat.st_mode & libc::S_IFMT == libc::S_IFDIR,
        is_symlink: stat.st_mode & libc::S_IFMT == libc::S_IFLNK,
    }
}
