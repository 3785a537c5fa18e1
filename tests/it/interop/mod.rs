//! Interoperability: the library and the Python original, each in its own process, on one real directory.

mod clocks;
mod generated;
mod keys;
mod locales;
mod model;
mod overwriting;
mod records;
mod sharing;
mod tombstones;
mod values;
mod watched;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyfs::store::Clock;
use keyfs::{Identifier, Key, OpenOptions, Store, Timestamp};

use crate::disk;
use crate::python::Python;

/// A directory for a store, on a real disk.
struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Directory {
        Directory(tempfile::tempdir_in(disk::directory()).unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn records_path(&self) -> PathBuf {
        self.path().join("d")
    }

    /// Opens the store with the library, as a writer.
    fn writer(&self, identifier: &str) -> Store {
        Store::open(self.path(), OpenOptions::writer(Identifier::new(identifier).unwrap())).unwrap()
    }

    /// The same, with a clock that stands where it was put.
    fn writer_at(&self, identifier: &str, clock: &Arc<StoppedClock>) -> Store {
        let options = OpenOptions::writer(Identifier::new(identifier).unwrap());
        Store::open(self.path(), options.clock(Arc::<StoppedClock>::clone(clock))).unwrap()
    }

    /// Opens the store with the library, for reading only.
    fn reader(&self) -> Store {
        Store::open(self.path(), OpenOptions::read_only()).unwrap()
    }

    /// Opens the store with the original, as a writer.
    fn python(&self, identifier: &str) -> Python {
        Python::start(self.path(), Some(identifier))
    }

    /// The names of the records, smallest number first.
    fn names(&self) -> Vec<u128> {
        let entries = std::fs::read_dir(self.records_path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
        names.sort_unstable();
        names
    }

    fn bytes_of(&self, name: u128) -> Vec<u8> {
        std::fs::read(self.records_path().join(name.to_string())).unwrap()
    }

    /// Writes a file as no program of ours would.
    fn write_by_hand(&self, name: u128, bytes: impl AsRef<[u8]>) {
        let path = self.records_path().join(name.to_string());
        if std::fs::write(&path, &bytes).is_err() {
            std::fs::create_dir(self.records_path()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// A clock that stands still.
struct StoppedClock(AtomicU64);

impl StoppedClock {
    fn at(micros: u64) -> Arc<StoppedClock> {
        Arc::new(StoppedClock(AtomicU64::new(micros)))
    }

    fn set(&self, micros: u64) {
        self.0.store(micros, Ordering::Relaxed);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed).into())
    }
}

/// The text of a live key's value on one line, as the library shows it.
fn shown<K: keyfs::AsKey + ?Sized>(store: &Store, key: &K) -> Option<String> {
    store.get(key).unwrap().map(|value| value.to_ascii())
}

/// All live keys and their values as JSON texts, sorted by key, as the library shows them.
fn everything(store: &Store) -> Vec<(String, String)> {
    let text = |key: &Key| store.get(key).unwrap().expect("a listed key has a value").to_ascii();
    store.keys().iter().map(|key| (key.to_json(), text(key))).collect()
}

/// Checks that a store that has synchronised and an instance of the original that was made just now show the same.
#[track_caller]
fn assert_agree(store: &Store, python: &mut Python) {
    let (ours, theirs) = (everything(store), python.everything());
    let texts: Vec<_> = ours.iter().map(|(_, text)| text.as_str()).collect();
    let normalised = python.normalise(&texts);
    let keys = ours.iter().map(|(key, _)| key.clone());
    assert_eq!(keys.zip(normalised).collect::<Vec<_>>(), theirs);
}
