//! The integration tests, in one binary: each file of this directory is a module of this one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod behaviour;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod coherence;
#[cfg(feature = "cli")]
mod command;
mod interop;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod main_job;
mod model;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod mounted;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod mounting;
mod python;
mod structure;
mod view_python;
