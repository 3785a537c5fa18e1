//! Snapshots: what was known of the directory, kept beside it, so that opening a store costs its listing.
//!
//! A snapshot is advice and never the truth. A record is taken from it only when the listing shows the same name with the
//! same inode number; all else is read from the directory, and whatever looks wrong in a snapshot has all of it thrown away.
//! What is in one is on disk before it is, so no loss of power leaves a record in a snapshot that the directory has lost.

mod format;
mod keep;

pub(super) use format::Snapshot;
