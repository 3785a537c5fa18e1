//! The integration tests, in one binary: each file of this directory is a module of this one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "cli")]
mod command;
mod interop;
mod python;
mod structure;
mod view_python;
