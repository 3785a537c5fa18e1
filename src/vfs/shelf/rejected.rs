use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::Shelf;
use super::error::{OnShelf, ShelfError};
use super::file::{FileStat, ShelfFile};
use super::folder::Folder;
use super::place::Place;
use super::scratch::check_ours;
use super::staged::StagingName;
use super::stem::{ERROR_ENDING, stem};

/// The most bytes of a reason that are read back.
const REASON_BYTES: u32 = 64 * 1024;

/// A refused text that an earlier mount has kept.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::vfs) struct FoundRefusal {
    pub(in crate::vfs) name: OsString,
    pub(in crate::vfs) size: u64,
    /// Why, with a line feed.
    pub(in crate::vfs) reason: String,
    pub(in crate::vfs) at: SystemTime,
}

/// A refused text and its reason, written, and not yet under their names. Dropping it removes both.
#[derive(Debug)]
pub(in crate::vfs) struct StagedRefusal {
    place: Arc<Place>,
    stem: String,
    text: StagingName,
    reason: StagingName,
}

impl Shelf {
    /// The refused texts that earlier mounts have kept, the oldest first.
    pub(in crate::vfs) fn found_refusals(&self) -> Vec<FoundRefusal> {
        let Some(place) = &self.place else { return Vec::new() };
        let names = place.rejected.names().unwrap_or_else(|error| {
            log::error!("the refused texts of earlier mounts cannot be listed: {error}");
            Vec::new()
        });
        let mut found = Vec::new();
        for name in names.iter().filter(|name| !name.as_encoded_bytes().ends_with(ERROR_ENDING.as_bytes())) {
            match find(&place.rejected, name) {
                Ok(refusal) => found.push(refusal),
                Err(error) => log::warn!("{}: no refused text: {error}; left alone", name.display()),
            }
        }
        found.sort_by_key(|refusal| refusal.at);
        found
    }

    /// Writes a refused text and its reason, so that keeping them takes but a moment; none when there is no directory.
    ///
    /// The first line of the reason's file is the name, which need not be that of the text's file.
    pub(in crate::vfs) fn stage_refusal(
        &self,
        name: &OsStr,
        text: &[u8],
        reason: &[u8],
        at: SystemTime,
    ) -> Result<Option<StagedRefusal>, ShelfError> {
        let Some(place) = &self.place else { return Ok(None) };
        let staged = || {
            let stem = stem(utf8(name)?);
            let (staged_text, staged_reason) = (StagingName::new(place), StagingName::new(place));
            let file = ShelfFile::new(place.staging.create(staged_text.as_os_str())?);
            file.write_all(text)?;
            file.set_modified(at)?;
            let file = ShelfFile::new(place.staging.create(staged_reason.as_os_str())?);
            file.write_all(&[name.as_encoded_bytes(), b"\n", reason].concat())?;
            Ok(StagedRefusal { place: Arc::clone(place), stem, text: staged_text, reason: staged_reason })
        };
        staged().map(Some).on_shelf("keep the refused text of", name)
    }

    /// Opens a refused text that was kept.
    pub(in crate::vfs) fn open_refusal(&self, name: &OsStr) -> Result<ShelfFile, ShelfError> {
        let opened = || match &self.place {
            Some(place) => Ok(ShelfFile::new(place.rejected.open_file(stem(utf8(name)?))?)),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        opened().on_shelf("open the refused text of", name)
    }

    /// Removes a refused text that was kept, and its reason.
    pub(in crate::vfs) fn remove_refusal(&self, name: &OsStr) -> Result<(), ShelfError> {
        let Some(place) = &self.place else { return Ok(()) };
        let removed = || {
            let stem = stem(utf8(name)?);
            // The text last: without it the reason would be nobody's.
            place.rejected.unlink(format!("{stem}{ERROR_ENDING}"))?;
            place.rejected.unlink(&stem)
        };
        removed().on_shelf("remove the refused text of", name)
    }
}

impl StagedRefusal {
    /// Gives the text and the reason their names, in place of an earlier refusal of the same name.
    pub(in crate::vfs) fn keep(self) -> Result<(), ShelfError> {
        let place = &self.place;
        let error_name = format!("{}{ERROR_ENDING}", self.stem);
        let kept = || {
            check_ours(&place.rejected, self.stem.as_ref())?;
            check_ours(&place.rejected, error_name.as_ref())?;
            place.staging.rename(self.text.as_os_str(), &place.rejected, &self.stem)?;
            place.staging.rename(self.reason.as_os_str(), &place.rejected, &error_name)
        };
        kept().on_shelf("keep the refused text", &self.stem)
    }
}

fn utf8(name: &OsStr) -> io::Result<&str> {
    name.to_str().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the name is not UTF-8"))
}

fn find(rejected: &Folder, name: &OsStr) -> io::Result<FoundRefusal> {
    let FileStat { size, modified, .. } = ShelfFile::new(rejected.open_file(name)?).stat()?;
    let own_name = utf8(name)?;
    let (name, reason) = match rejected.open_file(format!("{own_name}{ERROR_ENDING}")) {
        Ok(file) => {
            let bytes = ShelfFile::new(file).read_at(0, REASON_BYTES)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let (first, reason) = text.split_once('\n').unwrap_or(("", &text));
            // A text that had to get out of the way has another name than its reason says.
            let name = if stem(first) == own_name { first } else { own_name };
            (name.to_owned(), reason.to_owned())
        }
        // The mount has ended between the two.
        Err(error) if error.kind() == io::ErrorKind::NotFound => (own_name.to_owned(), "unknown\n".to_owned()),
        Err(error) => return Err(error),
    };
    Ok(FoundRefusal { name: name.into(), size, reason, at: modified })
}
