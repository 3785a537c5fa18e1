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

/// Who may change a key: so nobody meets a record that another one has replaced meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// This crate.
    Keyfs,
    /// The Python original.
    Original,
    /// The bare system calls: the floor.
    Bare,
}

impl Peer {
    pub(crate) const ALL: [Peer; 3] = [Peer::Keyfs, Peer::Original, Peer::Bare];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Keyfs => "keyfs",
            Peer::Original => "original",
            Peer::Bare => "floor",
        }
    }

    /// The numbers of the peer's own keys in a store of `keys` keys.
    pub(crate) fn own_numbers(self, keys: usize) -> Range<usize> {
        let own = keys / Peer::ALL.len();
        own * self as usize..own * (self as usize + 1)
    }
}
