//! What saving a file costs beside the put that it is.

use std::path::Path;

use rustix::fs::{AtFlags, CWD, statat};
use rustix::io::Errno;

use super::faces::{Face, Faces, name, text};
use super::files::{WRITES, overwrite_file};
use crate::measure::{AS_ASKED, Figure, Group, Operation, Stage};
use crate::store::bare::Bare;
use crate::store::records::{key, record, value};
use crate::store::stage::seconds;

pub(crate) static GROUP: Group = Group {
    name: "saving",
    many: "names",
    peers: &["keyfs", "floor"],
    tables: &[("A save through the mount, beside the bare put and the way to the daemon", &[0, 1])],
};

/// So many times a save goes to the daemon and back.
const ROUND_TRIPS: f64 = 8.0;

#[derive(Clone, Copy)]
pub(crate) enum Saver {
    Mount,
    Bare,
}

/// A mounted store, and another one for the bare system calls.
pub(crate) struct SavingStage {
    bare: Bare,
    faces: Faces,
}

impl SavingStage {
    pub(crate) fn new(parent: &Path, keys: usize) -> SavingStage {
        let faces = Faces::new(parent, keys);
        let store = faces.store().with_file_name("floor");
        std::fs::create_dir(&store).unwrap();
        SavingStage { bare: Bare::populate(&store, keys).expect("cannot fill the store"), faces }
    }

    /// The seconds that one request to the daemon takes: the kernel asks for each name that is not there.
    fn round_trip(&self) -> f64 {
        const LOOKS: usize = 200;
        let root = self.faces.root(Face::Keyfs);
        let absent: Vec<_> = (0..LOOKS).map(|at| root.join(format!("absent-{at}"))).collect();
        let look = |path| assert_eq!(statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).err(), Some(Errno::NOENT));
        seconds(&absent, look) / LOOKS as f64
    }
}

impl Stage for SavingStage {
    type Peer = Saver;
    const GROUP: &'static Group = &GROUP;
    const PEERS: &'static [Saver] = &[Saver::Mount, Saver::Bare];

    fn size(&self) -> usize {
        self.faces.keys
    }

    fn settle(&mut self) {
        self.faces.settle();
    }
}

pub(crate) static OPERATIONS: [Operation<SavingStage, Saver>; 1] = [Operation {
    figures: &[Figure::seconds("save", "open emptied, write, close")],
    note: "floor: create, write, link, unlink, and eight times a `lstat` of a name in the mount that is not there",
    most_rounds: AS_ASKED,
    sample: save,
}];

fn save(stage: &mut SavingStage, saver: Saver) -> Vec<f64> {
    let numbers = stage.faces.keys - WRITES..stage.faces.keys;
    let total = match saver {
        Saver::Mount => {
            let (root, text) = (stage.faces.root(Face::Keyfs), text(1));
            let paths: Vec<_> = numbers.map(|number| root.join(name(number))).collect();
            seconds(&paths, |path| overwrite_file(path, &text))
        }
        Saver::Bare => {
            let round_trips = ROUND_TRIPS * stage.round_trip() * WRITES as f64;
            let bare = &mut stage.bare;
            let put = |number| bare.replace(number, record(&key(number), &value(1)).as_bytes(), false).unwrap();
            seconds(numbers, put) + round_trips
        }
    };
    vec![total / WRITES as f64]
}
