//! One large value, read the first time and again.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use keyfs::Value;
use keyfs::view::file_text;
use rustix::fs::{Advice, fadvise};

use super::faces::{Face, Faces};
use crate::measure::{AS_ASKED, Figure, Group, Operation, Stage};
use crate::store::records::value;
use crate::store::stage::seconds;

pub(crate) static GROUP: Group = Group {
    name: "large",
    many: "MB",
    peers: &Face::NAMES,
    tables: &[("One large value through the mount", &[0, 1, 2])],
};

/// A value of so many MB, in all faces.
pub(crate) struct LargeStage {
    faces: Faces,
    megabytes: usize,
    text: Vec<u8>,
}

/// The text of an array of about so many bytes.
fn array(bytes: usize) -> Vec<u8> {
    let element = value(0);
    let count = bytes / file_text(&Value::parse(&format!("[{element}]")).unwrap()).len();
    file_text(&Value::parse(&format!("[{}]", vec![element; count].join(","))).unwrap()).into()
}

impl LargeStage {
    pub(crate) fn new(parent: &Path, megabytes: usize) -> LargeStage {
        LargeStage { faces: Faces::new(parent, 1), megabytes, text: array(megabytes * 1_000_000) }
    }
}

impl Stage for LargeStage {
    type Peer = Face;
    const GROUP: &'static Group = &GROUP;
    const PEERS: &'static [Face] = &Face::ALL;

    fn size(&self) -> usize {
        self.megabytes
    }

    fn settle(&mut self) {
        self.faces.settle();
    }
}

pub(crate) static OPERATIONS: [Operation<LargeStage, Face>; 1] = [Operation {
    figures: &[
        Figure::seconds("large-first", "read a value that was just saved, first time"),
        Figure::seconds("large-again", "read it again"),
    ],
    note: "by 128 kB; the first time nothing of it is in the page cache: a plain file comes from the disk",
    most_rounds: AS_ASKED,
    sample: read,
}];

/// Lets the page cache forget a file.
fn forget(path: &Path) {
    let file = File::open(path).unwrap();
    file.sync_all().unwrap();
    fadvise(&file, 0, None, Advice::DontNeed).unwrap();
}

fn read(stage: &mut LargeStage, face: Face) -> Vec<f64> {
    const NAME: &str = "large";
    let path = stage.faces.root(face).join(NAME);
    std::fs::write(&path, &stage.text).unwrap();
    stage.faces.settle();
    if face == Face::Bindfs {
        forget(&stage.faces.root(Face::Plain).join(NAME));
    }
    forget(&path);
    let whole = stage.text.len();
    let mut buffer = vec![0; 128 << 10];
    let mut read = |_| {
        let mut file = File::open(&path).unwrap();
        let mut bytes = 0;
        loop {
            match file.read(&mut buffer).unwrap() {
                0 => break,
                read => bytes += read,
            }
        }
        assert_eq!(bytes, whole);
    };
    let first = seconds([()], &mut read);
    let again = seconds([()], &mut read);
    std::fs::remove_file(&path).unwrap();
    vec![first, again]
}
