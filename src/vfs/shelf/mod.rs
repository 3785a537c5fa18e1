//! The shelf: the directory in which a mount keeps what is not in the store.
//!
//! Scratch files and refused texts lie here as ordinary files, so that they survive the daemon. The directory
//! (`STORE/keyfs.<identifier>/`) has numbered places, one for each mount that uses it now; a place is taken by the lock on
//! it, which goes with the process, and what a mount that crashed has left in its place is taken over by the next one.
//! Without a directory the same files have no names and go with the mount. The one place in `vfs` that touches the disk.

mod adopt;
mod error;
mod file;
mod folder;
mod place;
mod rejected;
mod scratch;
mod staged;
mod stem;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

pub(super) use error::OnShelf;
pub use error::ShelfError;
pub(super) use file::{Change, Contents, FileStat, ShelfFile};
pub(super) use rejected::StagedRefusal;
pub(super) use scratch::{Found, TEMPORARY};
pub(super) use staged::Staged;

use place::Place;

/// The most bytes of the target of a symbolic link, as on every Linux file system.
pub(super) const TARGET_BYTES: usize = 4095;

/// Where a mount keeps what is not in the store.
///
/// Dropping it leaves everything as it is, as a crash does.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    place: Option<Arc<Place>>,
}

impl Shelf {
    /// Opens the shelf at a path, made when it is missing. When that fails, or without a path, what is kept goes with the
    /// mount: a full disk must not keep anybody from removing keys.
    pub(super) fn open(path: Option<&Path>) -> Shelf {
        let Some(path) = path else { return Shelf::default() };
        match Place::open(path) {
            Ok(place) => Shelf { place: Some(Arc::new(place)) },
            Err(error) => {
                log::error!("{}: scratch files and refused texts will go with the mount: {error}", path.display());
                Shelf::default()
            }
        }
    }

    /// Whether anything is kept on disk at all.
    pub(super) fn is_on_disk(&self) -> bool {
        self.place.is_some()
    }

    /// Removes the directories that are empty; what holds files stays for the next mount.
    pub(super) fn tidy(&self) {
        if let Some(place) = &self.place {
            place.tidy();
        }
    }
}
