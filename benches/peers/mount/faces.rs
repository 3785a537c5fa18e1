//! The same values as files three times: a mounted store, a plain directory, and bindfs over that directory.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use keyfs::view::{FileName, file_text};
use keyfs::{Key, Value};
use rustix::fs::{Mode, OFlags};
use tempfile::TempDir;

use super::mounted::Mounted;
use crate::store::bare::Bare;
use crate::store::records::{key, value};

/// Where files can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Keyfs,
    Plain,
    Bindfs,
}

impl Face {
    pub(crate) const ALL: [Face; 3] = [Face::Keyfs, Face::Plain, Face::Bindfs];
    /// In the order of [`Face::ALL`].
    pub(crate) const NAMES: [&str; 3] = ["keyfs", "plain directory", "bindfs"];
}

/// So many values in all faces; everything goes with it, the mounts first.
pub(crate) struct Faces {
    keyfs: Option<Mounted>,
    bindfs: Option<Mounted>,
    directory: TempDir,
    disk: OwnedFd,
    pub(crate) keys: usize,
}

/// The name of the file with the given number, the same in all faces.
pub(crate) fn name(number: usize) -> String {
    FileName::of_key(&Key::from(key(number).as_str())).as_str().to_owned()
}

/// What a file of the key holds whose value was put the `count`th time.
pub(crate) fn text(count: usize) -> Vec<u8> {
    file_text(&Value::parse(&value(count)).unwrap()).into()
}

impl Faces {
    pub(crate) fn new(parent: &Path, keys: usize) -> Faces {
        let directory = TempDir::with_prefix_in("keyfs-bench.", parent)
            .unwrap_or_else(|error| panic!("cannot make a directory in {}: {error}", parent.display()));
        for name in ["store", "keyfs", "plain", "bindfs"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        Bare::populate(&directory.path().join("store"), keys).expect("cannot fill the store");
        let text = text(0);
        for number in 0..keys {
            fs::write(directory.path().join("plain").join(name(number)), &text).unwrap();
        }
        let disk = rustix::fs::open(directory.path(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let mut faces = Faces { keyfs: None, bindfs: None, directory, disk, keys };
        faces.settle();
        faces.mount_again(Face::Keyfs);
        faces.mount_again(Face::Bindfs);
        faces
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    pub(crate) fn root(&self, face: Face) -> PathBuf {
        self.directory.path().join(match face {
            Face::Keyfs => "keyfs",
            Face::Plain => "plain",
            Face::Bindfs => "bindfs",
        })
    }

    /// Ends a mount and begins another one, of which the kernel knows nothing yet.
    pub(crate) fn mount_again(&mut self, face: Face) {
        let at = self.root(face);
        match face {
            Face::Keyfs => {
                self.keyfs = None;
                self.keyfs = Some(Mounted::keyfs(&self.store(), &at));
            }
            Face::Plain => {}
            Face::Bindfs => {
                self.bindfs = None;
                self.bindfs = Some(Mounted::bindfs(&self.root(Face::Plain), &at));
            }
        }
    }

    /// Waits until all that was written is on disk, so that nobody pays for another one.
    pub(crate) fn settle(&self) {
        rustix::fs::syncfs(&self.disk).unwrap();
        // What a daemon does in the background begins after that.
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
