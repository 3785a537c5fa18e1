//! What the kernel keeps of the disk.

/// Has the kernel forget what it need not keep: pages, names and inodes. False where that takes a right that this has not.
pub(crate) fn drop_all() -> bool {
    rustix::fs::sync();
    std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

/// The same for names and inodes only.
pub(crate) fn drop_names() -> bool {
    rustix::fs::sync();
    std::fs::write("/proc/sys/vm/drop_caches", "2").is_ok()
}
