use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// How many keys have a place.
pub(super) const PLACES: usize = 120;

/// The place that says whether all are to stop.
const STOP: usize = PLACES;

/// How far the writers have come, for all processes: of each place the number that was begun last and the number that has
/// returned last.
pub(super) struct Progress {
    file: File,
    path: PathBuf,
}

/// Both numbers of a place, at one moment each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) begun: u64,
    pub(super) returned: u64,
}

impl Progress {
    pub(super) fn create(path: &Path) -> Progress {
        let file = File::options().read(true).write(true).create_new(true).open(path).unwrap();
        file.set_len(4096).unwrap();
        Progress { file, path: path.to_owned() }
    }

    pub(super) fn open(path: &Path) -> Progress {
        Progress { file: File::options().read(true).write(true).open(path).unwrap(), path: path.to_owned() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn write(&self, place: usize, offset: u64, number: u64) {
        self.file.write_all_at(&number.to_ne_bytes(), place as u64 * 16 + offset).unwrap();
    }

    /// Notes what is about to be written. Each place has one writer.
    pub(super) fn begin(&self, place: usize, number: u64) {
        self.write(place, 0, number);
    }

    /// Notes that the writing has returned.
    pub(super) fn end(&self, place: usize, number: u64) {
        self.write(place, 8, number);
    }

    pub(super) fn reached(&self, place: usize) -> Reached {
        let mut bytes = [0; 16];
        self.file.read_exact_at(&mut bytes, place as u64 * 16).unwrap();
        reached(&bytes)
    }

    /// All places.
    pub(super) fn all(&self) -> Vec<Reached> {
        let mut bytes = [0; PLACES * 16];
        self.file.read_exact_at(&mut bytes, 0).unwrap();
        bytes.chunks_exact(16).map(reached).collect()
    }

    pub(super) fn stop(&self) {
        self.write(STOP, 0, 1);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.reached(STOP).begun != 0
    }
}

fn reached(bytes: &[u8]) -> Reached {
    let number = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
    Reached { begun: number(0), returned: number(8) }
}
