//! The integration tests, in one binary: each file of this directory is a module of this one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod behaviour;
#[cfg(feature = "cli")]
mod command;
mod interop;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod mounted;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod python;
mod structure;
mod view_python;
