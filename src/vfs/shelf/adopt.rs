//! Taking over what mounts that have crashed left behind.

use std::ffi::OsStr;
use std::io;

use rustix::fs::FileType;

use super::folder::{Folder, Locked};
use super::place::{Place, REJECTED, SCRATCH, STAGING};
use super::stem::{ERROR_ENDING, recovered};

/// Moves the files of another place here, if nobody holds it, and removes it when it is empty then.
///
/// Nothing is overwritten, and what cannot be moved stays where it is.
pub(super) fn adopt(place: &Place, name: &OsStr) {
    let adopted = place.folder_in(name).and_then(|folder| match folder.try_lock() {
        Locked::Yes => adopt_folder(place, &folder).and_then(|()| place.remove_place(name, &folder)),
        Locked::No | Locked::Unsupported => Ok(()),
    });
    if let Err(error) = adopted {
        log::warn!("{}: what a mount has left there is not taken over whole: {error}", name.display());
    }
}

fn adopt_folder(place: &Place, other: &Folder) -> io::Result<()> {
    if let Some(staging) = existing(other, STAGING)? {
        for name in staging.names()? {
            staging.unlink(&name)?;
        }
    }
    if let Some(scratch) = existing(other, SCRATCH)? {
        for name in scratch.names()? {
            if is_kept(&scratch, &name)? {
                move_scratch(&scratch, &name, &place.scratch)?;
            }
        }
    }
    if let Some(rejected) = existing(other, REJECTED)? {
        for name in rejected.names()? {
            if !is_error(&name) && is_kept(&rejected, &name)? {
                move_rejected(&rejected, &name, &place.rejected)?;
            }
        }
    }
    Ok(())
}

fn existing(parent: &Folder, name: &str) -> io::Result<Option<Folder>> {
    match parent.folder(name) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a name is a file or a link, which are what a mount keeps.
fn is_kept(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    let kind = FileType::from_raw_mode(folder.stat(name)?.st_mode);
    Ok(matches!(kind, FileType::RegularFile | FileType::Symlink))
}

fn is_error(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(ERROR_ENDING.as_bytes())
}

fn move_scratch(from: &Folder, name: &OsStr, to: &Folder) -> io::Result<()> {
    let mut new = name.to_owned();
    for try_no in 1u32.. {
        match from.rename_to_free(name, to, &new) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                new = recovered(name, try_no).into();
            }
            other => return other,
        }
    }
    Ok(())
}

/// Moves a refused text and its reason, under one new name when either is taken.
fn move_rejected(from: &Folder, name: &OsStr, to: &Folder) -> io::Result<()> {
    let with_ending = |name: &OsStr| {
        let mut name = name.to_owned();
        name.push(ERROR_ENDING);
        name
    };
    let mut new = name.to_owned();
    for try_no in 1u32.. {
        if to.contains(&new)? || to.contains(with_ending(&new))? {
            new = recovered(name, try_no).into();
            continue;
        }
        if from.contains(with_ending(name))? {
            from.rename_to_free(with_ending(name), to, with_ending(&new))?;
        }
        return from.rename_to_free(name, to, &new);
    }
    Ok(())
}
