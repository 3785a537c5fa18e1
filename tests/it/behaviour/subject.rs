//! What behaviours are run on.

use std::path::{Path, PathBuf};

use keyfs::vfs::{Limits, Vfs, VfsOptions, with_text_shape};
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
    vfs_with(path, read_only, Naming::default(), Some(path.join("keyfs.mount")))
}

/// The same with other limits.
pub(crate) fn vfs_with_limits(path: &Path, limits: Limits) -> Vfs<Store> {
    let store = OpenOptions::writer(Identifier::new("mount").unwrap());
    let options = VfsOptions { shelf: Some(path.join("keyfs.mount")), limits, ..VfsOptions::default() };
    Vfs::new(Store::open(path, with_text_shape(store)).unwrap(), options)
}

/// As [`vfs_of`], with names of another form, or another place for what is not in the store.
fn vfs_with(path: &Path, read_only: bool, naming: Naming, shelf: Option<PathBuf>) -> Vfs<Store> {
    let options = match read_only {
        true => OpenOptions::read_only(),
        false => OpenOptions::writer(Identifier::new("mount").unwrap()),
    };
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    Vfs::new(
        Store::open(path, with_text_shape(options)).unwrap(),
        VfsOptions { uid, gid, umask: 0o022, read_only, naming, shelf, ..VfsOptions::default() },
    )
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
    behaviour(&Kernel::new(&vfs_with(directory.path(), false, naming, None)), &foreign_store(directory.path()));
}

/// The file system over a store, with scratch files that have no place on disk.
pub(crate) fn vfs_without_a_shelf(path: &Path) -> Vfs<Store> {
    vfs_with(path, false, Naming::default(), None)
}

/// The same with scratch files that have no place on disk.
pub(crate) fn on_the_vfs_without_a_shelf(behaviour: impl FnOnce(&dyn FileSystem)) {
    let directory = tempfile::tempdir().unwrap();
    let vfs = vfs_without_a_shelf(directory.path());
    behaviour(&Kernel::new(&vfs));
    drop(vfs);
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["d"]);
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
