//! JSON values under string keys in a plain directory that any number of programs share.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "fuse")]
pub mod fuse;
pub mod record;
pub mod store;
pub mod vfs;
pub mod view;

pub use record::{AsKey, IntoValue, Key, KeyError, Record, SyntaxError, Timestamp, Value, ValueError};
pub use store::{Change, Durability, Error, Identifier, OpenOptions, Store, Version};
