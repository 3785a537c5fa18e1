//! The mount: a thin adapter from the FUSE protocol to the file system, and the session around it.
//!
//! The only place that knows the crate `fuser`. [`mount`] shows a store at a mount point and serves it until it is
//! unmounted; [`unmount`] takes it away again.

mod adapter;
mod busy;
mod check;
mod error;
mod mount_options;
mod mount_table;
mod session;
mod unmount;

pub use busy::{Holder, holders};
pub use error::MountError;
pub use mount_options::{MountOptionError, MountOptions};
pub use mount_table::{MountEntry, mount_at};
pub use session::mount;
pub use unmount::unmount;

/// The type under which the mount table shows a mount.
pub const MOUNT_TYPE: &str = "fuse.keyfs";
