//! The integration tests, in one binary: each file of this directory is a module of this one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod actors;
mod any_bytes;
mod behaviour;
mod calls;
mod checking;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod coherence;
#[cfg(feature = "cli")]
mod command;
mod crash;
mod disk;
mod due;
mod engine;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod exerciser;
mod failed_sync;
mod failing_store;
mod faults;
mod full_disk;
mod fuzzing;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod histories;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod hostile;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod injection;
mod interop;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod kill;
mod large_texts;
mod late_release;
mod ledger;
mod left_behind;
mod library;
mod listing;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod main_job;
mod memory_directory;
mod model;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod mounted;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod mounting;
mod never_delete;
mod pokes;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod power_loss;
mod python;
mod random;
mod scenarios;
mod second_try;
mod sentences;
mod shelf;
mod signed;
mod snapshots;
mod standing_before;
mod structure;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod survival;
mod taking_in;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod tools;
mod transient;
mod uncached;
mod values;
mod view_python;
mod waiting;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod watchers;
mod watching;
mod writers;
