use std::ffi::{OsStr, OsString};
use std::io;
use std::time::SystemTime;

use rustix::fs::FileType;

use super::error::{OnShelf, ShelfError};
use super::file::{FileStat, ShelfFile};
use super::folder::Folder;
use super::{Shelf, TARGET_BYTES};
use crate::view::FileName;

/// Marks a scratch file whose name is that of a key: the sticky bit, which means nothing on a file.
pub(in crate::vfs) const TEMPORARY: u16 = 0o1000;

/// A scratch file that an earlier mount has left.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::vfs) enum Found {
    File { mode: u16, temporary: bool },
    Symlink { target: Vec<u8>, modified: SystemTime },
}

type Result<T> = std::result::Result<T, ShelfError>;

impl Shelf {
    /// The scratch files that earlier mounts have left, by any name that a file can have, that of a key too.
    ///
    /// What is neither a file nor a link is somebody else's and left alone.
    pub(in crate::vfs) fn found_scratch(&self) -> Vec<(OsString, Found)> {
        let Some(place) = &self.place else { return Vec::new() };
        let names = place.scratch.names().unwrap_or_else(|error| {
            log::error!("the scratch files of earlier mounts cannot be listed: {error}");
            Vec::new()
        });
        let found = names.iter().filter_map(|name| match find(&place.scratch, name) {
            Ok(found) => Some((name.clone(), found)),
            Err(error) => {
                log::warn!("{}: no scratch file: {error}; left alone", name.display());
                None
            }
        });
        found.collect()
    }

    /// Makes an empty scratch file of a name that is free.
    pub(in crate::vfs) fn create_scratch(&self, name: &FileName, mode: u16) -> Result<ShelfFile> {
        let created = match &self.place {
            Some(place) => place.scratch.create(name.as_os_str()).map(ShelfFile::new),
            None => ShelfFile::anonymous(),
        };
        let file = created.on_shelf("create", name.as_os_str())?;
        if let Err(error) = file.set_mode(mode).on_shelf("set the mode of", name.as_os_str()) {
            // Else the name would be taken, and nobody could see by what.
            let removed = self.unlink_scratch(name);
            return Err(removed.err().unwrap_or(error));
        }
        Ok(file)
    }

    /// Opens a scratch file by its name.
    pub(in crate::vfs) fn open_scratch(&self, name: &FileName) -> Result<ShelfFile> {
        let opened = match &self.place {
            Some(place) => place.scratch.open_file(name.as_os_str()).map(ShelfFile::new),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        opened.on_shelf("open", name.as_os_str())
    }

    /// What the disk tells of a scratch file that is not open; none when somebody has taken it away.
    pub(in crate::vfs) fn stat_scratch(&self, name: &FileName) -> Result<Option<FileStat>> {
        let Some(place) = &self.place else { return Ok(None) };
        match place.scratch.stat(name.as_os_str()) {
            Ok(stat) => Ok(Some(FileStat::of(&stat))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).on_shelf("look at", name.as_os_str()),
        }
    }

    /// Gives a scratch file another name, in place of what has it.
    pub(in crate::vfs) fn rename_scratch(&self, from: &FileName, to: &FileName) -> Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        check_ours(&place.scratch, to.as_os_str())
            .and_then(|()| place.scratch.rename(from.as_os_str(), &place.scratch, to.as_os_str()))
            .on_shelf("rename", from.as_os_str())
    }

    /// Exchanges the names of two scratch files.
    pub(in crate::vfs) fn exchange_scratch(&self, one: &FileName, other: &FileName) -> Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        place.scratch.exchange(one.as_os_str(), other.as_os_str()).on_shelf("exchange", one.as_os_str())
    }

    /// Takes the name of a scratch file away; who has it open keeps the bytes.
    pub(in crate::vfs) fn unlink_scratch(&self, name: &FileName) -> Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        place.scratch.unlink(name.as_os_str()).on_shelf("remove", name.as_os_str())
    }

    /// Makes a symbolic link, which is never followed here.
    pub(in crate::vfs) fn symlink(&self, name: &FileName, target: &[u8]) -> Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        place.scratch.symlink(name.as_os_str(), target).on_shelf("create", name.as_os_str())
    }

    /// Sets the time of modification of a symbolic link.
    pub(in crate::vfs) fn set_symlink_modified(&self, name: &FileName, modified: SystemTime) -> Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        place.scratch.set_modified(name.as_os_str(), modified).on_shelf("set the time of", name.as_os_str())
    }

    /// Waits until a scratch file and its name are on disk.
    pub(in crate::vfs) fn sync_scratch(&self, file: &ShelfFile) -> Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        file.sync().and_then(|()| place.sync(&place.scratch)).on_shelf("synchronise", "a scratch file")
    }

    /// Waits until the names of all scratch files are on disk.
    pub(in crate::vfs) fn sync_scratch_names(&self) -> Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        place.sync(&place.scratch).on_shelf("synchronise", "the scratch files")
    }
}

fn find(scratch: &Folder, name: &OsStr) -> io::Result<Found> {
    let stat = scratch.stat(name)?;
    let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    let FileStat { mode, modified, size, .. } = FileStat::of(&stat);
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Found::File { mode, temporary: stat.st_mode & u32::from(TEMPORARY) != 0 }),
        FileType::Symlink if size <= TARGET_BYTES as u64 => {
            Ok(Found::Symlink { target: scratch.read_link(name)?, modified })
        }
        _ => Err(invalid("neither a file nor a symbolic link")),
    }
}

/// Checks that a name is free, or of a kind that this program makes; what is somebody else's is not replaced.
pub(super) fn check_ours(folder: &Folder, name: &OsStr) -> io::Result<()> {
    match folder.stat(name).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::RegularFile | FileType::Symlink) => Ok(()),
        Ok(_) => Err(rustix::io::Errno::EXIST.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
