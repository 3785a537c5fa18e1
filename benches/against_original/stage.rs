//! A store on disk, and everybody who works on it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use keyfs::{Identifier, OpenOptions, Store};
use tempfile::TempDir;

use crate::bare::Bare;
use crate::original::Original;

/// One store of so many keys, with all peers; the directory goes with it.
pub(crate) struct Stage {
    directory: TempDir,
    pub(crate) keys: usize,
    pub(crate) bare: Bare,
    pub(crate) original: Original,
    store: Option<Store>,
    /// How many new keys have been put: each is put once only.
    new_keys: usize,
}

impl Stage {
    /// Makes a store of `keys` keys in a new directory in `parent`.
    pub(crate) fn new(parent: &Path, keys: usize) -> Stage {
        let directory = TempDir::with_prefix_in("keyfs-bench.", parent)
            .unwrap_or_else(|error| panic!("cannot make a directory in {}: {error}", parent.display()));
        let bare = Bare::populate(directory.path(), keys).expect("cannot fill the store");
        Stage { directory, keys, bare, original: Original::start(), store: None, new_keys: 0 }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// The store, which stays open from the first use on.
    pub(crate) fn store(&mut self) -> &Store {
        let path = self.directory.path();
        self.store.get_or_insert_with(|| open_store(path))
    }

    /// The original with an instance on the store, which stays from the first use on.
    pub(crate) fn loaded_original(&mut self) -> &mut Original {
        self.original.open_once(self.directory.path());
        &mut self.original
    }

    /// Closes whatever is open.
    pub(crate) fn close(&mut self) {
        self.store = None;
        self.original.close();
    }

    /// Waits until nothing goes on in the background.
    pub(crate) fn settle(&mut self) {
        if let Some(store) = &self.store {
            store.make_durable().unwrap();
        }
    }

    /// `count` keys that nobody has put yet.
    pub(crate) fn new_keys(&mut self, count: usize) -> Vec<String> {
        let first = self.new_keys;
        self.new_keys += count;
        (first..self.new_keys).map(crate::records::new_key).collect()
    }
}

/// Opens the store for writing.
pub(crate) fn open_store(path: &Path) -> Store {
    Store::open(path, OpenOptions::writer(Identifier::new("bench").unwrap())).unwrap()
}

/// Does a step for each of `steps`, and gives the seconds that all took.
pub(crate) fn seconds<T>(steps: impl IntoIterator<Item = T>, step: impl FnMut(T)) -> f64 {
    let began = Instant::now();
    steps.into_iter().for_each(step);
    began.elapsed().as_secs_f64()
}
