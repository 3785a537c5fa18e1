//! The mount: a thin adapter from the FUSE protocol to the file system, and the session around it.
//!
//! The only place that knows the crate `fuser`. [`mount`] shows a store at a mount point and serves it until it is
//! unmounted; [`unmount`] takes it away again.

mod adapter;
mod convert;
mod guarded;
mod printers;
mod session;

pub use session::{
    Guardian, Holder, MountEntry, MountError, MountOptionError, MountOptions, guard, holders, mount, mount_at, unmount,
};

/// The type under which the mount table shows a mount.
pub const MOUNT_TYPE: &str = "fuse.keyfs";
