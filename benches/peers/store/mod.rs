//! Stores as a library has them.

pub(crate) mod bare;
mod files;
mod following;
pub(crate) mod memory;
pub(crate) mod operations;
mod reading;
pub(crate) mod records;
pub(crate) mod stage;
mod writing;
