use std::io;
use std::path::PathBuf;

/// Why a store cannot be mounted, or a mount point not be unmounted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The mount point does not exist.
    #[error("{}: the mount point does not exist; create it with mkdir", .0.display())]
    NoMountPoint(PathBuf),
    /// The mount point is not a directory.
    #[error("{}: the mount point is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The mount point has files in it, which the mount would hide.
    #[error("{}: the mount point is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A store is mounted there already.
    #[error("{}: the store {source_name} is mounted here already", path.display())]
    AlreadyMounted {
        /// The mount point.
        path: PathBuf,
        /// What is mounted there.
        source_name: String,
    },
    /// The store lies inside the mount point, where the mount would hide it.
    #[error("{}: the store lies inside the mount point {}", store.display(), mount_point.display())]
    StoreInsideMount {
        /// The store.
        store: PathBuf,
        /// The mount point.
        mount_point: PathBuf,
    },
    /// The mount point lies inside the store.
    #[error("{}: the mount point lies inside the store {}", mount_point.display(), store.display())]
    MountInsideStore {
        /// The store.
        store: PathBuf,
        /// The mount point.
        mount_point: PathBuf,
    },
    /// The kernel's FUSE device is missing.
    #[error("/dev/fuse: missing; load the kernel module with `modprobe fuse` (a container needs the device passed in)")]
    NoDevice,
    /// The kernel's FUSE device may not be opened.
    #[error("/dev/fuse: permission denied; ask root to allow it, or mount as root")]
    DeviceDenied,
    /// An ordinary user needs the program that mounts for him.
    #[error("fusermount3: not found; install the package fuse3, or mount as root")]
    NoFusermount,
    /// An ordinary user may not let others in.
    #[error(
        "allow_other: only root may; others when /etc/fuse.conf has this line, which root can add: user_allow_other"
    )]
    AllowOtherDenied,
    /// Nothing of ours is mounted there.
    #[error("{}: no keyfs is mounted here", .0.display())]
    NotMounted(PathBuf),
    /// Somebody still uses the mount.
    #[error("{}: the mount is busy{holders}", path.display())]
    Busy {
        /// The mount point.
        path: PathBuf,
        /// Who uses it, as text that begins with a colon, or nothing.
        holders: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}
