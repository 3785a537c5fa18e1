//! The life of a file system without a mount: how it begins, and how it ends.

use std::fs;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Weak};

use keyfs::vfs::{Vfs, VfsOptions, with_text_shape};
use keyfs::{Identifier, OpenOptions, Store};

use crate::standing_before::{Before, StandingBefore};

/// A file system that can end as a process does that is killed.
pub(crate) struct Life {
    pub(crate) vfs: ManuallyDrop<Vfs<StandingBefore<Lent>>>,
    /// Dropped in any case: it has threads, and what a crash leaves of a store is another test's.
    _store: Arc<Store>,
}

impl Life {
    pub(crate) fn begin(directory: &Path) -> Life {
        loop {
            let life = Life::try_begin(directory);
            // Another test that starts a process has every descriptor until that is its program, the lock of the place
            // too: then there is a second place, and what is in it was not found.
            if fs::read_dir(shelf(directory)).unwrap().count() == 1 {
                return life;
            }
            // Not ended: that would publish what is found now.
            life.crash(directory);
        }
    }

    fn try_begin(directory: &Path) -> Life {
        // Each value is read from its record whenever it is needed.
        let options = with_text_shape(OpenOptions::writer(Identifier::new("mount").unwrap())).cached_bytes(0);
        let store = Arc::new(Store::open(directory, options).unwrap());
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let shelf = Some(shelf(directory));
        let options = VfsOptions { uid, gid, umask: 0o022, shelf, ..VfsOptions::default() };
        Life { vfs: ManuallyDrop::new(Vfs::new(StandingBefore(Lent(Arc::downgrade(&store))), options)), _store: store }
    }

    /// Ends it without any of its own work: only its descriptors are closed, as the kernel does it, which lets the lock
    /// go. The memory stays, as nobody may run what frees it.
    pub(crate) fn crash(self, directory: &Path) {
        let shelf = shelf(directory).canonicalize().unwrap();
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().flatten().map(|entry| entry.path());
        let of_shelf = descriptors.filter(|path| fs::read_link(path).is_ok_and(|target| target.starts_with(&shelf)));
        let numbers: Vec<i32> =
            of_shelf.map(|path| path.file_name().unwrap().to_str().unwrap().parse().unwrap()).collect();
        assert!(!numbers.is_empty(), "the shelf is held");
        for number in numbers {
            nix::unistd::close(number).unwrap();
        }
    }

    /// Unmounts.
    pub(crate) fn end(self) {
        self.vfs.save_all();
        self.vfs.close();
        drop(ManuallyDrop::into_inner(self.vfs));
    }
}

fn shelf(directory: &Path) -> std::path::PathBuf {
    directory.join("keyfs.mount")
}

/// The store of a file system that may be forgotten without being dropped.
pub(crate) struct Lent(Weak<Store>);

impl Before for Lent {
    fn store(&self) -> impl Deref<Target = Store> {
        self.0.upgrade().unwrap()
    }
}
