use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::adopt::adopt;
use super::folder::{Folder, Locked};

/// The folders of a place.
pub(super) const SCRATCH: &str = "scratch";
pub(super) const REJECTED: &str = "rejected";
/// Files that are not complete yet; nothing in it is worth keeping.
pub(super) const STAGING: &str = "staging";

/// The most places that are looked at: as many mounts of one store with one identifier can be there at once.
const PLACES: u32 = 1000;

/// A numbered directory of the shelf, which this mount alone uses as long as it holds the lock on it.
#[derive(Debug)]
pub(super) struct Place {
    parent: Folder,
    shelf: Folder,
    shelf_name: OsString,
    number: String,
    /// Holds the lock.
    folder: Folder,
    pub(super) scratch: Folder,
    pub(super) rejected: Folder,
    pub(super) staging: Folder,
    last_staged: AtomicU64,
    above_is_durable: AtomicBool,
}

impl Place {
    /// Takes the first place that is free, and moves into it what mounts that crashed have left in others.
    pub(super) fn open(path: &Path) -> io::Result<Place> {
        let parent =
            Folder::open(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(".".as_ref()))?;
        let shelf_name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        let (shelf, _) = parent.own_folder(&shelf_name)?;
        // One opens or leaves at a time, so nobody takes a place that another has made and not yet locked.
        let turn = shelf.folder(".")?;
        turn.lock();
        let (number, folder) = take_place(&shelf)?;
        let (scratch, _) = folder.own_folder(SCRATCH)?;
        let (rejected, _) = folder.own_folder(REJECTED)?;
        let (staging, _) = folder.own_folder(STAGING)?;
        let (last_staged, above_is_durable) = (AtomicU64::new(0), AtomicBool::new(false));
        let place = Place {
            parent,
            shelf,
            shelf_name,
            number,
            folder,
            scratch,
            rejected,
            staging,
            last_staged,
            above_is_durable,
        };
        for name in place.staging.names()? {
            if let Err(error) = place.staging.unlink(&name) {
                log::warn!("{}: an unfinished file cannot be removed: {error}", name.display());
            }
        }
        for name in place.shelf.names()? {
            if is_number(&name) && name != *place.number {
                adopt(&place, &name);
            }
        }
        Ok(place)
    }

    pub(super) fn folder_in(&self, name: impl AsRef<OsStr>) -> io::Result<Folder> {
        self.shelf.folder(name)
    }

    /// Removes a place whose folders are empty.
    pub(super) fn remove_place(&self, name: &OsStr, folder: &Folder) -> io::Result<()> {
        for inner in [STAGING, REJECTED, SCRATCH] {
            match folder.remove_folder(inner) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.shelf.remove_folder(name)
    }

    /// A name in `staging` that was not used before.
    pub(super) fn staging_name(&self) -> String {
        self.last_staged.fetch_add(1, Ordering::Relaxed).to_string()
    }

    /// Waits until the names in one of the folders are on disk, and the folder itself.
    pub(super) fn sync(&self, folder: &Folder) -> io::Result<()> {
        folder.sync()?;
        if !self.above_is_durable.load(Ordering::Relaxed) {
            for above in [&self.folder, &self.shelf, &self.parent] {
                above.sync()?;
            }
            self.above_is_durable.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Removes what is empty.
    pub(super) fn tidy(&self) {
        let Ok(turn) = self.shelf.folder(".") else { return };
        turn.lock();
        // What is not empty stays; that is no error.
        if self.remove_place(self.number.as_ref(), &self.folder).is_ok() {
            let _ = self.parent.remove_folder(&self.shelf_name);
        } else {
            for inner in [STAGING, REJECTED, SCRATCH] {
                let _ = self.folder.remove_folder(inner);
            }
        }
    }
}

/// The first place whose lock is free, made when there is none.
fn take_place(shelf: &Folder) -> io::Result<(String, Folder)> {
    for number in 0..PLACES {
        let number = number.to_string();
        let (folder, made) = match shelf.own_folder(&number) {
            Ok(found) => found,
            Err(error) if shelf.contains(&number).unwrap_or(false) => {
                log::warn!("{number}: no place for scratch files: {error}; left alone");
                continue;
            }
            Err(error) => return Err(error),
        };
        match folder.try_lock() {
            Locked::Yes => return Ok((number, folder)),
            // Nobody can tell whether somebody uses it; what was just made nobody does.
            Locked::Unsupported if made => {
                log::warn!("directories cannot be locked here: what a crash leaves behind is not found again");
                return Ok((number, folder));
            }
            Locked::No | Locked::Unsupported => {}
        }
    }
    Err(io::Error::other("no place is free"))
}

/// Whether a name is that of a place: a number without needless zeros.
fn is_number(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.parse::<u32>().is_ok_and(|number| number.to_string() == name))
}
