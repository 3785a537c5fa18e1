//! Listings: of the names, and of the names with what `ls -l` shows.

use std::mem::MaybeUninit;
use std::path::Path;

use rustix::fs::{self, AtFlags, Mode, OFlags, RawDir};

use super::faces::Face;
use super::stage::MountStage;
use crate::caches;
use crate::store::stage::seconds;

/// Lists a directory by calls of the size that the C library makes, and looks at each file if asked; gives the number.
fn list(path: &Path, is_long: bool) -> usize {
    let directory = fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let mut buffer = [MaybeUninit::uninit(); 32 << 10];
    let mut entries = RawDir::new(&directory, &mut buffer);
    let mut names = 0;
    while let Some(entry) = entries.next() {
        let entry = entry.unwrap();
        if entry.file_name().to_bytes().starts_with(b".") {
            continue;
        }
        if is_long {
            fs::statat(&directory, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW).unwrap();
        }
        names += 1;
    }
    names
}

fn timed(stage: &MountStage, face: Face, is_long: bool) -> Vec<f64> {
    let root = stage.faces.root(face);
    vec![seconds([()], |()| assert_eq!(list(&root, is_long), stage.faces.keys))]
}

fn warm(stage: &MountStage, face: Face, is_long: bool) -> Vec<f64> {
    // What others have written since has made the kernel forget.
    list(&stage.faces.root(face), is_long);
    timed(stage, face, is_long)
}

/// The first listing after mounting, when the kernel knows no name of the directory.
fn cold(stage: &mut MountStage, face: Face, is_long: bool) -> Vec<f64> {
    if !caches::drop_names() && face == Face::Plain {
        return vec![];
    }
    stage.faces.mount_again(face);
    timed(stage, face, is_long)
}

pub(super) fn short_warm(stage: &mut MountStage, face: Face) -> Vec<f64> {
    warm(stage, face, false)
}

pub(super) fn long_warm(stage: &mut MountStage, face: Face) -> Vec<f64> {
    warm(stage, face, true)
}

pub(super) fn short_cold(stage: &mut MountStage, face: Face) -> Vec<f64> {
    cold(stage, face, false)
}

pub(super) fn long_cold(stage: &mut MountStage, face: Face) -> Vec<f64> {
    cold(stage, face, true)
}
