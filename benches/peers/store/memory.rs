//! How much memory a key takes in a process that has the store open.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::bare::Bare;
use super::records::key;
use super::stage::open_store;
use crate::measure::{Figure, Group, Operation, Stage, Unit};
use crate::python::Python;

pub(crate) static GROUP: Group =
    Group { name: "memory", many: "keys", peers: &["keyfs", "original"], tables: &[("Memory", &[0, 1])] };

/// The argument with which this program opens a store and prints how much memory it has in use.
pub(crate) const ARGUMENT: &str = "--resident";

#[derive(Clone, Copy)]
pub(crate) enum Library {
    Keyfs,
    Original,
}

/// A store of so many keys, and an empty one.
pub(crate) struct MemoryStage {
    full: TempDir,
    empty: TempDir,
    keys: usize,
}

impl MemoryStage {
    pub(crate) fn new(parent: &Path, keys: usize) -> MemoryStage {
        let store = |keys| {
            let directory = TempDir::with_prefix_in("keyfs-bench.", parent)
                .unwrap_or_else(|error| panic!("cannot make a directory in {}: {error}", parent.display()));
            Bare::populate(directory.path(), keys).expect("cannot fill the store");
            directory
        };
        MemoryStage { full: store(keys), empty: store(0), keys }
    }
}

impl Stage for MemoryStage {
    type Peer = Library;
    const GROUP: &'static Group = &GROUP;
    const PEERS: &'static [Library] = &[Library::Keyfs, Library::Original];

    fn size(&self) -> usize {
        self.keys
    }

    fn settle(&mut self) {}
}

pub(crate) static OPERATIONS: [Operation<MemoryStage, Library>; 1] = [Operation {
    figures: &[Figure { name: "memory", title: "memory for a key, beyond its own bytes", unit: Unit::Bytes }],
    note: "the resident set of a process that has the store open, less that of one with an empty store, by the keys, less the bytes of a key",
    most_rounds: |_| 3,
    sample: memory,
}];

fn memory(stage: &mut MemoryStage, library: Library) -> Vec<f64> {
    let of: fn(&Path) -> f64 = match library {
        Library::Keyfs => resident_of_keyfs,
        Library::Original => resident_of_original,
    };
    // All keys are of one length.
    let own = key(0).len() as f64;
    vec![(of(stage.full.path()) - of(stage.empty.path())) / stage.keys as f64 - own]
}

fn resident_of_keyfs(store: &Path) -> f64 {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).arg(ARGUMENT).arg(store).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn resident_of_original(store: &Path) -> f64 {
    let mut python = Python::start("original");
    python.open(store);
    python.resident()
}

/// Opens a store, and prints the bytes of memory that this process has in use then.
pub(crate) fn print_resident(store: &Path) {
    let _store = open_store(store);
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
    println!("{}", kilobytes * 1024);
}
