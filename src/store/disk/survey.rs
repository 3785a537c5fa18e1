//! Looking at each name in a store's directories, for who wants to know what is odd there.

use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, RawDir};
use rustix::io::Errno;

use super::{DIRECTORY_FLAGS, Disk, READ_FLAGS, RecordFile, nanoseconds};
use crate::store::check::FileKind;
use crate::store::directory::Contents;

/// The room for one look at names; how many are seen at once matters to nobody here.
const BUFFER_BYTES: usize = 64 << 10;

/// One of the directories of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Place<'a> {
    /// The store itself.
    Store,
    /// `d/`.
    Records,
    /// Another directory in the store.
    Below(&'a OsStr),
}

/// A name and what stands under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Surveyed {
    pub(in crate::store) name: OsString,
    pub(in crate::store) kind: FileKind,
    /// The permission bits.
    pub(in crate::store) mode: u32,
    /// How many names the file has.
    pub(in crate::store) names: u64,
    pub(in crate::store) inode: u64,
    /// When its bytes, its names or its attributes changed last, in nanoseconds since the epoch.
    pub(in crate::store) touched: i128,
}

impl Disk {
    /// Everything that has a name in a directory of the store, which no link may lead to; nothing when it is not there.
    pub(in crate::store) fn survey(&self, place: Place<'_>) -> io::Result<Vec<Surveyed>> {
        let Some(directory) = self.directory_at(place)? else { return Ok(Vec::new()) };
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER_BYTES];
        let mut entries = RawDir::new(&directory, &mut buffer);
        let mut found = Vec::new();
        while let Some(entry) = entries.next() {
            let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
            if name != "." && name != ".." {
                found.extend(surveyed(&directory, name)?);
            }
        }
        Ok(found)
    }

    /// The permission bits of `d/`; none when it is not there.
    pub(in crate::store) fn records_mode(&self) -> io::Result<Option<u32>> {
        let Some(data) = self.data()? else { return Ok(None) };
        Ok(Some(fs::fstat(&data.directory)?.st_mode & 0o777))
    }

    /// The bytes of a file in the store itself; none when it is no file, too large, or nobody may read it.
    pub(in crate::store) fn read_beside(&self, name: &OsStr, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match fs::openat(&self.store, name, READ_FLAGS, Mode::empty()) {
            Ok(file) => RecordFile::new(file)?,
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO | Errno::ACCESS) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(match crate::store::directory::OpenRecord::read(&file, limit)? {
            Contents::Bytes(bytes) => Some(bytes),
            Contents::NotAFile | Contents::TooLarge(_) => None,
        })
    }

    /// Removes a file that was surveyed, if it is still as it was then.
    pub(in crate::store) fn remove_surveyed(&self, place: Place<'_>, file: &Surveyed) -> io::Result<()> {
        let Some(directory) = self.directory_at(place)? else { return Ok(()) };
        if surveyed(&directory, file.name.clone())?.as_ref() == Some(file) {
            fs::unlinkat(&directory, &file.name, AtFlags::empty())?;
        }
        Ok(())
    }

    /// Opened anew, so that looks in several threads do not share a position.
    fn directory_at(&self, place: Place<'_>) -> io::Result<Option<OwnedFd>> {
        let name = match place {
            Place::Store => OsStr::new("."),
            Place::Records => OsStr::new("d"),
            Place::Below(name) => name,
        };
        match fs::openat(&self.store, name, DIRECTORY_FLAGS | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(directory) => Ok(Some(directory)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What stands under a name now; none when it has gone.
fn surveyed(directory: impl AsFd, name: OsString) -> io::Result<Option<Surveyed>> {
    let stat = match fs::statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let modified = nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i128);
    let changed = nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i128);
    Ok(Some(Surveyed {
        name,
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        mode: stat.st_mode & 0o777,
        names: stat.st_nlink,
        inode: stat.st_ino,
        touched: modified.max(changed),
    }))
}

fn kind(file_type: FileType) -> FileKind {
    match file_type {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Link,
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        FileType::CharacterDevice | FileType::BlockDevice => FileKind::Device,
        FileType::Unknown => FileKind::Unknown,
    }
}
