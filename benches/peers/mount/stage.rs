//! Small files in all faces, and what is measured of them.

use std::path::Path;

use super::faces::{Face, Faces};
use super::{crowd, files, listings};
use crate::measure::{AS_ASKED, Figure, Group, Operation, Stage, Unit};

pub(crate) static GROUP: Group = Group {
    name: "mount",
    many: "names",
    peers: &Face::NAMES,
    tables: &[(
        "Through the mount, beside a plain directory of the same texts and bindfs over that directory",
        &[0, 1, 2],
    )],
};

/// Files to do something with.
pub(crate) struct MountStage {
    pub(super) faces: Faces,
}

impl MountStage {
    pub(crate) fn new(parent: &Path, keys: usize) -> MountStage {
        MountStage { faces: Faces::new(parent, keys) }
    }
}

impl Stage for MountStage {
    type Peer = Face;
    const GROUP: &'static Group = &GROUP;
    const PEERS: &'static [Face] = &Face::ALL;

    fn size(&self) -> usize {
        self.faces.keys
    }

    fn settle(&mut self) {
        self.faces.settle();
    }
}

const fn seconds(
    figures: &'static [Figure],
    note: &'static str,
    sample: fn(&mut MountStage, Face) -> Vec<f64>,
) -> Operation<MountStage, Face> {
    Operation { figures, note, most_rounds: AS_ASKED, sample }
}

/// All of them; what mounts again comes last.
pub(crate) static OPERATIONS: [Operation<MountStage, Face>; 12] = [
    seconds(&[Figure::seconds("read", "open, read, close")], "", files::open_read),
    seconds(&[Figure::seconds("cat", "cat: open, fstat, read twice, close")], "", files::cat),
    seconds(&[Figure::seconds("stat", "lstat, in the kernel's cache")], "", files::stat),
    seconds(&[Figure::seconds("create", "create, write, close")], "", files::create),
    seconds(&[Figure::seconds("overwrite", "open emptied, write, close")], FLUSHES, files::overwrite),
    seconds(&[Figure::seconds("replace", "write a temporary file, rename")], FLUSHES, files::replace),
    seconds(&[Figure::seconds("unlink", "unlink")], "", files::unlink),
    Operation {
        figures: &[Figure { name: "crowd", title: "8 readers and a writer: reads", unit: Unit::PerSecond }],
        note: "open, read and close by eight threads, while one replaces such a file every 2 ms by a rename",
        most_rounds: AS_ASKED,
        sample: crowd::crowd,
    },
    seconds(&[Figure::seconds("ls", "ls, warm")], "", listings::short_warm),
    seconds(&[Figure::seconds("ls-l", "ls -l, warm")], "", listings::long_warm),
    seconds(&[Figure::seconds("ls-cold", "ls, first after mounting")], COLD, listings::short_cold),
    seconds(&[Figure::seconds("ls-l-cold", "ls -l, first after mounting")], COLD, listings::long_cold),
];

const FLUSHES: &str = "ext4 writes the data of such a file to disk at once, unless mounted with noauto_da_alloc";
const COLD: &str = "in the plain directory: after the kernel was told to forget all names and inodes";
