//! What a store answers from what it has seen.

use std::io;

use super::Store;
use super::change::Version;
use super::error::{Context, Result, is_passing};
use super::reading::Sought;
use crate::record::{AsKey, Key, Timestamp, Value};

impl Store {
    /// The value of a key, or `None` when the key is not live.
    ///
    /// From memory, else from the key's record. Where others have replaced that since the last synchronisation, their
    /// value is given; the next synchronisation tells of it.
    ///
    /// # Errors
    ///
    /// Those of [`Store::value_of`] and of [`Store::synchronize`].
    pub fn get<K: AsKey + ?Sized>(&self, key: &K) -> Result<Option<Value>> {
        self.shared.value(key.as_wtf8())
    }

    /// The value of a version of a key; `None` when it is a tombstone, or not the newest version any more.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](super::Error::Io) and [`Error::Unreadable`](super::Error::Unreadable) when the record cannot be read.
    pub fn value_of<K: AsKey + ?Sized>(&self, key: &K, timestamp: Timestamp) -> Result<Option<Value>> {
        Ok(match self.shared.value_of(key.as_wtf8(), timestamp)? {
            Sought::Value(value) => Some(value),
            Sought::Tombstone | Sought::Gone => None,
        })
    }

    /// The value of a version of a key, if it is in memory.
    #[must_use]
    pub fn cached_value<K: AsKey + ?Sized>(&self, key: &K, timestamp: Timestamp) -> Option<Value> {
        let index = &self.shared.state.read().index;
        index.current(key.as_wtf8()).filter(|current| current.timestamp == timestamp)?;
        index.value(timestamp)
    }

    /// The newest record of a key, which may be a tombstone.
    #[must_use]
    pub fn version<K: AsKey + ?Sized>(&self, key: &K) -> Option<Version> {
        self.shared.state.read().index.current(key.as_wtf8())
    }

    /// Whether a key is live.
    #[must_use]
    pub fn contains<K: AsKey + ?Sized>(&self, key: &K) -> bool {
        self.shared.state.read().index.is_live(key.as_wtf8())
    }

    /// The live keys, sorted by code point.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<_> = self.shared.state.read().index.live_keys().cloned().collect();
        keys.sort_unstable();
        keys
    }

    /// The number of live keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.state.read().index.live()
    }

    /// Whether no key is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fails when some record could not be read at the last synchronisation because the system refused it: then a key that
    /// is not known may be there, and be another one than is known.
    ///
    /// A record that this user may not read is left out, as every file is that is no record: see [`Store::oddities`].
    ///
    /// # Errors
    ///
    /// [`Error::Io`](super::Error::Io) with the record and the reason.
    pub fn check_complete(&self) -> Result<()> {
        let first = {
            let index = &self.shared.state.read().index;
            let refused = index.refused().filter(|(_, errno)| !matches!(*errno, libc::EACCES | libc::EPERM));
            refused.min_by_key(|(_, errno)| !is_passing(*errno))
        };
        first.map_or(Ok(()), |(timestamp, errno)| {
            let path = self.shared.directory.path().join(timestamp.to_string());
            Err(io::Error::from_raw_os_error(errno)).context("read", path)
        })
    }

    /// The number of removed keys whose tombstones are in the directory.
    #[must_use]
    pub fn tombstones(&self) -> usize {
        self.shared.state.read().index.tombstones()
    }
}
