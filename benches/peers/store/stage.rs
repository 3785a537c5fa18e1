//! A store on disk with everybody who works on it, and the same values in the other stores.

use std::path::{Path, PathBuf};
use std::time::Instant;

use keyfs::{Identifier, OpenOptions, Store};
use tempfile::TempDir;

use super::bare::Bare;
use super::files::Files;
use super::records::{Peer, key, value};
use crate::measure::{self, Group};
use crate::python::Python;

pub(crate) static GROUP: Group = Group {
    name: "store",
    many: "keys",
    peers: &Peer::NAMES,
    tables: &[
        ("The library, beside the original and the bare system calls", &[0, 1, 2]),
        ("The library, beside other stores", &[0, 3, 4, 5]),
    ],
};

/// One store of so many keys, with all peers; the directory goes with it.
pub(crate) struct StoreStage {
    directory: TempDir,
    pub(crate) keys: usize,
    pub(crate) bare: Bare,
    pub(crate) files: Files,
    original: Python,
    diskcache: Python,
    sqlite: Python,
    store: Option<Store>,
    /// How many new keys have been put: each is put once only.
    new_keys: usize,
}

impl StoreStage {
    /// Makes a store of `keys` keys in a new directory in `parent`, and the others beside it.
    pub(crate) fn new(parent: &Path, keys: usize) -> StoreStage {
        let directory = TempDir::with_prefix_in("keyfs-bench.", parent)
            .unwrap_or_else(|error| panic!("cannot make a directory in {}: {error}", parent.display()));
        for name in ["store", "diskcache", "sqlite3"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        let files = Files::populate(&directory.path().join("files"), (0..keys).map(key), &value(0));
        let filled = |name: &str| {
            let mut store = Python::start(name);
            store.open(&directory.path().join(name));
            // In parts, since a request is one line.
            let all: Vec<_> = (0..keys).map(key).collect();
            all.chunks(10_000).for_each(|keys| store.fill(keys, &value(0)));
            store.close();
            store
        };
        let (diskcache, sqlite) = (filled("diskcache"), filled("sqlite3"));
        let bare = Bare::populate(&directory.path().join("store"), keys).expect("cannot fill the store");
        let original = Python::start("original");
        StoreStage { directory, keys, bare, files, original, diskcache, sqlite, store: None, new_keys: 0 }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// The store, which stays open from the first use on.
    pub(crate) fn store(&mut self) -> &Store {
        let path = self.path();
        self.store.get_or_insert_with(|| open_store(&path))
    }

    /// The interpreter of a peer, and where it has its store.
    pub(crate) fn python(&mut self, peer: Peer) -> (&mut Python, PathBuf) {
        let (python, name) = match peer {
            Peer::Diskcache => (&mut self.diskcache, "diskcache"),
            Peer::Sqlite => (&mut self.sqlite, "sqlite3"),
            _ => (&mut self.original, "store"),
        };
        (python, self.directory.path().join(name))
    }

    /// The same with an instance on the store, which stays from the first use on.
    pub(crate) fn loaded(&mut self, peer: Peer) -> &mut Python {
        let (python, path) = self.python(peer);
        python.open_once(&path);
        python
    }

    /// Closes whatever is open.
    pub(crate) fn close(&mut self) {
        self.store = None;
        for peer in [Peer::Original, Peer::Diskcache, Peer::Sqlite] {
            self.python(peer).0.close();
        }
    }

    /// Removes what keyfs keeps beside the records, while nobody has the store open.
    pub(crate) fn remove_snapshot(&self) {
        for entry in std::fs::read_dir(self.path()).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// `count` keys that nobody has put yet.
    pub(crate) fn new_keys(&mut self, count: usize) -> Vec<String> {
        let first = self.new_keys;
        self.new_keys += count;
        (first..self.new_keys).map(super::records::new_key).collect()
    }
}

impl measure::Stage for StoreStage {
    type Peer = Peer;
    const GROUP: &'static Group = &GROUP;
    const PEERS: &'static [Peer] = &Peer::ALL;

    fn size(&self) -> usize {
        self.keys
    }

    fn settle(&mut self) {
        if let Some(store) = &self.store {
            store.make_durable().unwrap();
        }
        self.bare.sync_disk().unwrap();
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
