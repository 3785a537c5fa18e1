//! What is done with one file at a time.

use std::path::PathBuf;

use rustix::fs::{self, AtFlags, CWD, Mode, OFlags};
use rustix::io::{Errno, read, write};

use super::faces::{Face, name, text};
use super::stage::MountStage;
use crate::store::stage::seconds;

/// So many files are read or looked at in a row, in an order that caches do not foresee.
const READS: usize = 1_000;
/// So many are written: the last ones, which nobody measures when reading.
pub(super) const WRITES: usize = 50;

const WRITE: OFlags = OFlags::WRONLY.union(OFlags::CLOEXEC);

/// The mean seconds of a step on each of the paths.
fn mean(paths: &[PathBuf], step: impl FnMut(&PathBuf)) -> Vec<f64> {
    vec![seconds(paths, step) / paths.len() as f64]
}

fn read_paths(stage: &MountStage, face: Face) -> Vec<PathBuf> {
    let root = stage.faces.root(face);
    (0..READS).map(|at| root.join(name(at * 7919 % (stage.faces.keys - WRITES)))).collect()
}

fn write_paths(stage: &MountStage, face: Face) -> Vec<PathBuf> {
    let root = stage.faces.root(face);
    (stage.faces.keys - WRITES..stage.faces.keys).map(|at| root.join(name(at))).collect()
}

fn new_paths(stage: &MountStage, face: Face) -> Vec<PathBuf> {
    let root = stage.faces.root(face);
    (0..WRITES).map(|at| root.join(format!("new-{at}"))).collect()
}

/// Opens, reads and closes a file as a program does that knows how little it holds.
pub(super) fn read_once(path: &PathBuf) {
    try_read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The same, by which whoever reads while somebody writes hears of an error.
pub(super) fn try_read(path: &PathBuf) -> Result<(), Errno> {
    let file = fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let bytes = read(&file, &mut [0; 4096])?;
    assert!(bytes > 0, "{} is empty", path.display());
    Ok(())
}

fn save(path: &PathBuf, how: OFlags, text: &[u8]) {
    let file = fs::open(path, WRITE | how, Mode::from_raw_mode(0o666)).unwrap();
    assert_eq!(write(&file, text).unwrap(), text.len());
}

/// Saves as the shell does.
pub(super) fn overwrite_file(path: &PathBuf, text: &[u8]) {
    save(path, OFlags::TRUNC, text);
}

/// Saves as careful programs do, under another name first.
pub(super) fn save_and_rename(path: &PathBuf, text: &[u8]) {
    let temporary = path.with_file_name(format!(".{}.tmp", path.file_name().unwrap().display()));
    save(&temporary, OFlags::CREATE | OFlags::TRUNC, text);
    fs::rename(&temporary, path).unwrap();
}

pub(super) fn open_read(stage: &mut MountStage, face: Face) -> Vec<f64> {
    mean(&read_paths(stage, face), read_once)
}

pub(super) fn cat(stage: &mut MountStage, face: Face) -> Vec<f64> {
    mean(&read_paths(stage, face), |path| {
        let file = fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let mut buffer = [0; 4096];
        let size = usize::try_from(fs::fstat(&file).unwrap().st_size).unwrap();
        assert_eq!(read(&file, &mut buffer).unwrap(), size);
        assert_eq!(read(&file, &mut buffer).unwrap(), 0);
    })
}

pub(super) fn stat(stage: &mut MountStage, face: Face) -> Vec<f64> {
    let paths = read_paths(stage, face);
    let look = |path: &PathBuf| _ = fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    paths.iter().for_each(look);
    mean(&paths, look)
}

pub(super) fn create(stage: &mut MountStage, face: Face) -> Vec<f64> {
    let (paths, text) = (new_paths(stage, face), text(1));
    let samples = mean(&paths, |path| save(path, OFlags::CREATE | OFlags::EXCL, &text));
    paths.iter().for_each(|path| fs::unlink(path).unwrap());
    samples
}

pub(super) fn overwrite(stage: &mut MountStage, face: Face) -> Vec<f64> {
    let text = text(1);
    mean(&write_paths(stage, face), |path| overwrite_file(path, &text))
}

pub(super) fn replace(stage: &mut MountStage, face: Face) -> Vec<f64> {
    let text = text(1);
    mean(&write_paths(stage, face), |path| save_and_rename(path, &text))
}

pub(super) fn unlink(stage: &mut MountStage, face: Face) -> Vec<f64> {
    let (paths, text) = (new_paths(stage, face), text(1));
    paths.iter().for_each(|path| save(path, OFlags::CREATE | OFlags::EXCL, &text));
    stage.faces.settle();
    mean(&paths, |path| fs::unlink(path).unwrap())
}
