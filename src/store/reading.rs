//! The value of a key: from memory, else from its record.

use std::io;
use std::sync::atomic::Ordering;

use super::directory::ListedRecord;
use super::error::{Context, Error, Result};
use super::index::Sighting;
use super::load::{Opened, open_one};
use super::shared::Shared;
use crate::record::{Timestamp, Value};

/// How often a value is sought that others replace faster than it is read.
const TRIES: usize = 1000;

/// What was found of a record.
pub(super) enum Sought {
    Value(Value),
    Tombstone,
    /// It is not the newest of its key, or has gone from the directory.
    Gone,
}

impl Shared {
    /// The value of a key, taking in what others have done where its record has gone.
    pub(super) fn value(&self, key: &[u8]) -> Result<Option<Value>> {
        for _ in 0..TRIES {
            let Some(current) = self.state.read().index.current(key) else { return Ok(None) };
            match self.value_of(key, current.timestamp)? {
                Sought::Value(value) => return Ok(Some(value)),
                Sought::Tombstone => return Ok(None),
                Sought::Gone => self.take_in_untold()?,
            }
        }
        Err(io::Error::from(io::ErrorKind::ResourceBusy)).context("catch the record of a key in", self.directory.path())
    }

    /// The value of a record, if it is the newest of its key.
    pub(super) fn value_of(&self, key: &[u8], timestamp: Timestamp) -> Result<Sought> {
        let sighting = {
            let index = &self.state.read().index;
            match index.sighting(key).filter(|sighting| sighting.version.timestamp == timestamp) {
                None => return Ok(Sought::Gone),
                Some(Sighting { version, .. }) if !version.is_live => return Ok(Sought::Tombstone),
                Some(sighting) => match index.value(timestamp) {
                    Some(value) => return Ok(Sought::Value(value)),
                    None => sighting,
                },
            }
        };
        let entry = ListedRecord { timestamp, inode: sighting.inode, regular: true };
        let path = || self.directory.path().join(timestamp.to_string());
        match open_one(&*self.directory, entry, self.options.record_limit) {
            Opened::Record { inode, record } if inode == sighting.inode => {
                if record.deleted || record.key.as_wtf8() != key {
                    self.forget_wrong(key, sighting);
                    return Ok(Sought::Gone);
                }
                self.state.read().index.keep_value(key, sighting, &record.value);
                Ok(Sought::Value(record.value))
            }
            // The name stands for another file, or for none: the next look finds out what has become of this one.
            Opened::Record { .. } | Opened::Vanished => {
                self.in_doubt.store(true, Ordering::Relaxed);
                Ok(Sought::Gone)
            }
            Opened::Refused(source) => Err(source).context("read", path()),
            Opened::Unreadable(file) => Err(Error::Unreadable { path: path(), reason: file.reason }),
        }
    }

    /// Has a record read anew of which something is known that is not so: somebody has written into it, or into the
    /// snapshot that told of it.
    pub(super) fn forget_wrong(&self, key: &[u8], sighting: Sighting) {
        let mut state = self.state.write();
        let timestamp = sighting.version.timestamp;
        if state.index.sighting(key) != Some(sighting) {
            return;
        }
        log::warn!("{}/{timestamp} is not what it was", self.directory.path().display());
        if let Some(key) = state.index.key_of(timestamp).cloned() {
            state.note(&key);
        }
        state.index.remove(timestamp);
        self.in_doubt.store(true, Ordering::Relaxed);
    }
}
