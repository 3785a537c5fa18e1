//! What behaviours are run on.

use std::path::Path;

use keyfs::vfs::{Vfs, VfsOptions};
use keyfs::view::{Naming, Suffix};
use keyfs::{AsKey, Identifier, OpenOptions, Store, Timestamp};

use super::file_system::FileSystem;
use super::kernel::Kernel;
use super::os::Os;

/// The directory as another program sees and changes it.
pub(crate) fn foreign_store(path: &Path) -> Store {
    Store::open(path, OpenOptions::writer(Identifier::new("foreign").unwrap())).unwrap()
}

/// Puts a value as another program.
#[track_caller]
pub(crate) fn put<K: AsKey + ?Sized>(store: &Store, key: &K, value: impl Into<serde_json::Value>) -> Timestamp {
    store.put(key, value.into()).unwrap()
}

/// The file system over a store, as a mount of this user would show it.
pub(crate) fn vfs_of(path: &Path, read_only: bool) -> Vfs<Store> {
    vfs_named(path, read_only, Naming::default())
}

/// As [`vfs_of`], with names of another form.
fn vfs_named(path: &Path, read_only: bool, naming: Naming) -> Vfs<Store> {
    let options = match read_only {
        true => OpenOptions::read_only(),
        false => OpenOptions::writer(Identifier::new("mount").unwrap()),
    };
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    Vfs::new(Store::open(path, options).unwrap(), VfsOptions { uid, gid, umask: 0o022, read_only, naming })
}

pub(crate) fn on_a_plain_directory(behaviour: impl FnOnce(&dyn FileSystem)) {
    let directory = tempfile::tempdir().unwrap();
    behaviour(&Os::new(directory.path()));
}

pub(crate) fn on_the_vfs(behaviour: impl FnOnce(&dyn FileSystem, &Store)) {
    let directory = tempfile::tempdir().unwrap();
    let vfs = vfs_of(directory.path(), false);
    behaviour(&Kernel::new(&vfs), &foreign_store(directory.path()));
}

/// The file system over a store, with a suffix on all keys' names.
pub(crate) fn on_the_vfs_with_suffix(suffix: &str, behaviour: impl FnOnce(&dyn FileSystem, &Store)) {
    let directory = tempfile::tempdir().unwrap();
    let naming = Naming::with_suffix(Suffix::new(suffix).unwrap());
    behaviour(&Kernel::new(&vfs_named(directory.path(), false, naming)), &foreign_store(directory.path()));
}

#[cfg(all(feature = "cli", feature = "fuse"))]
pub(crate) fn on_a_mount(behaviour: impl FnOnce(&dyn FileSystem, &Store)) {
    on_a_mount_with(&[], behaviour);
}

#[cfg(all(feature = "cli", feature = "fuse"))]
pub(crate) fn on_a_mount_with(arguments: &[&str], behaviour: impl FnOnce(&dyn FileSystem, &Store)) {
    let Some(mounted) = crate::mounted::Mounted::of(None, arguments) else { return };
    behaviour(&Os::new(mounted.path()), &foreign_store(&mounted.store_path()));
}
