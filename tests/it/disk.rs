//! The directory for what a test needs on a real disk and outside the system's temporary directory, which may be in memory,
//! where other rules hold for listings and times, and where editors save in other ways.

use std::path::PathBuf;

/// Beside the build, or where scripts/test looks for what is left behind.
pub(crate) fn directory() -> PathBuf {
    let given = std::env::var_os("KEYFS_TEST_DISK").filter(|given| !given.is_empty());
    given.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
}
