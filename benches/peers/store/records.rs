//! The keys and values that are measured: records of about 115 bytes.

use std::ops::Range;

/// The key with the given number.
pub(crate) fn key(number: usize) -> String {
    format!("section/key-{number:07}")
}

/// A key that nobody has put yet.
pub(crate) fn new_key(number: usize) -> String {
    format!("{NEW_KEYS}{number:07}")
}

/// What the keys of [`new_key`] begin with.
pub(crate) const NEW_KEYS: &str = "new/key-----";

/// The value that is put the `count`th time.
pub(crate) fn value(count: usize) -> String {
    format!(r#"{{"name": "something", "count": {count}, "ratio": 0.5}}"#)
}

/// The bytes of a record, as every peer writes it.
pub(crate) fn record(key: &str, value: &str) -> String {
    format!(r#"{{"key": "{key}", "bDeleted": false, "value": {value}}}"#)
}

/// Who is measured. The first three work on one store, and each changes keys of its own there: so nobody meets a record
/// that another one has replaced meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// This crate.
    Keyfs,
    /// The Python original.
    Original,
    /// The bare system calls: the floor.
    Bare,
    /// diskcache, from Python.
    Diskcache,
    /// SQLite, from Python.
    Sqlite,
    /// A directory of JSON files.
    Files,
}

/// How many peers work on one store.
const SHARING: usize = 3;

impl Peer {
    pub(crate) const ALL: [Peer; 6] =
        [Peer::Keyfs, Peer::Original, Peer::Bare, Peer::Diskcache, Peer::Sqlite, Peer::Files];
    /// In the order of [`Peer::ALL`].
    pub(crate) const NAMES: [&str; 6] = ["keyfs", "original", "floor", "diskcache", "sqlite3", "JSON files"];

    /// The numbers of the peer's own keys in a store of `keys` keys.
    pub(crate) fn own_numbers(self, keys: usize) -> Range<usize> {
        let own = keys / SHARING;
        let place = self as usize % SHARING;
        own * place..own * (place + 1)
    }
}
