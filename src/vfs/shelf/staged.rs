use std::ffi::OsStr;
use std::sync::Arc;

use super::Shelf;
use super::error::{OnShelf, ShelfError};
use super::file::ShelfFile;
use super::place::Place;
use super::scratch::check_ours;
use crate::view::FileName;

/// A complete file that has no place yet. Dropping it removes it.
#[derive(Debug)]
pub(in crate::vfs) struct Staged {
    pub(super) file: ShelfFile,
    pub(super) name: Option<StagingName>,
}

/// A name in `staging`, unlinked when this is dropped.
#[derive(Debug)]
pub(super) struct StagingName {
    place: Arc<Place>,
    name: String,
}

impl StagingName {
    pub(super) fn new(place: &Arc<Place>) -> StagingName {
        StagingName { place: Arc::clone(place), name: place.staging_name() }
    }

    pub(super) fn as_os_str(&self) -> &OsStr {
        OsStr::new(&self.name)
    }
}

impl Drop for StagingName {
    fn drop(&mut self) {
        if let Err(error) = self.place.staging.unlink(&self.name) {
            log::warn!("an unfinished file cannot be removed: {error}");
        }
    }
}

impl Shelf {
    /// Writes a whole file that is to become a scratch file.
    pub(in crate::vfs) fn stage(&self, name: &FileName, bytes: &[u8], mode: u16) -> Result<Staged, ShelfError> {
        let staged = || {
            let name = self.place.as_ref().map(StagingName::new);
            let file = match &name {
                Some(name) => ShelfFile::new(name.place.staging.create(&name.name)?),
                None => ShelfFile::anonymous()?,
            };
            file.write_all(bytes)?;
            file.set_mode(mode)?;
            Ok(Staged { file, name })
        };
        staged().on_shelf("write", name.as_os_str())
    }

    /// Gives a staged file the name of a scratch file, in place of what has it.
    pub(in crate::vfs) fn replace(&self, staged: Staged, name: &FileName) -> Result<ShelfFile, ShelfError> {
        let Staged { file, name: staged } = staged;
        let Some(staged) = staged else { return Ok(file) };
        let scratch = &staged.place.scratch;
        let renamed = check_ours(scratch, name.as_os_str())
            .and_then(|()| staged.place.staging.rename(&staged.name, scratch, name.as_os_str()));
        renamed.on_shelf("create", name.as_os_str())?;
        Ok(file)
    }
}
