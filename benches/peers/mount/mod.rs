//! Through the mount: small files, a large one, and waiting for changes.

mod crowd;
pub(crate) mod faces;
mod files;
pub(crate) mod large;
pub(crate) mod latency;
mod listings;
mod mounted;
pub(crate) mod saving;
pub(crate) mod stage;
