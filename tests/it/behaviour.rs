//! One suite of behaviours, run on a plain directory, on the file system without a mount, and on a real mount.
//!
//! What a plain directory does as well stands under `as_on_a_plain_directory!`, so the first of the three proves that the
//! expectation is right. What keyfs does differently stands under `unlike_a_plain_directory!`, with the sentence of the
//! contract that says so. The name of a test is the behaviour's, below the name of what it ran on.

mod attributes;
mod changing;
mod concurrent;
mod departing;
mod file_system;
mod foreign;
mod kernel;
mod kernel_file;
mod limits;
mod names;
mod opening;
mod os;
mod read_only;
mod refusing;
mod removing;
mod renaming;
mod saving;
mod scratch;
mod sharing;
mod status;
mod subject;
mod suffix;
mod symlinks;
mod system;
mod temporary;

#[cfg(all(feature = "cli", feature = "fuse"))]
pub(crate) use os::{Os, close};

pub(crate) use file_system::{FileSystem, OpenFile, Stat, whole as read_whole};
pub(crate) use kernel::Kernel;
pub(crate) use subject::{foreign_store, vfs_of};

/// Behaviours `fn(&dyn FileSystem)` that a plain directory has too.
macro_rules! as_on_a_plain_directory {
    ($($behaviour:ident)*) => {
        mod on_a_plain_directory {
            $(#[test] fn $behaviour() { crate::behaviour::subject::on_a_plain_directory(super::$behaviour); })*
        }
        mod on_the_vfs {
            $(#[test] fn $behaviour() {
                crate::behaviour::subject::on_the_vfs(|files, _| super::$behaviour(files));
            })*
        }
        mod on_the_vfs_without_a_shelf {
            $(#[test] fn $behaviour() {
                crate::behaviour::subject::on_the_vfs_without_a_shelf(super::$behaviour);
            })*
        }
        #[cfg(all(feature = "cli", feature = "fuse"))]
        mod on_a_mount {
            $(#[test] fn $behaviour() {
                crate::behaviour::subject::on_a_mount(|files, _| super::$behaviour(files));
            })*
        }
    };
}

/// Behaviours `fn(&dyn FileSystem, &Store)` of keyfs alone; the store is another program's view of the same directory.
macro_rules! unlike_a_plain_directory {
    ($($behaviour:ident)*) => {
        mod on_the_vfs_alone {
            $(#[test] fn $behaviour() { crate::behaviour::subject::on_the_vfs(super::$behaviour); })*
        }
        #[cfg(all(feature = "cli", feature = "fuse"))]
        mod on_a_mount_alone {
            $(#[test] fn $behaviour() { crate::behaviour::subject::on_a_mount(super::$behaviour); })*
        }
    };
}

use {as_on_a_plain_directory, unlike_a_plain_directory};
