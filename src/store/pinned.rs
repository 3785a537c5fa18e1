//! Versions that can be read whatever becomes of their records.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Store;
use super::directory::OpenRecord;
use super::error::{Context, Error, Result};
use super::load::decoded;
use crate::record::{AsKey, Key, Timestamp, Value};

/// A version whose value can be had as long as this lives, whatever becomes of its record.
///
/// Either the value, when it was in memory, or an open file of the record.
#[derive(Clone)]
pub struct Pinned(Pin);

#[derive(Clone)]
enum Pin {
    Value(Value),
    Record(Arc<PinnedRecord>),
}

struct PinnedRecord {
    key: Key,
    /// For messages only.
    path: PathBuf,
    /// The most bytes of a record.
    limit: u64,
    file: Box<dyn OpenRecord>,
}

impl Pinned {
    /// The value, read from the record each time when it was not in memory; `None` when somebody has written into the
    /// record, so that it is not what it was.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] and [`Error::Unreadable`].
    pub fn value(&self) -> Result<Option<Value>> {
        match &self.0 {
            Pin::Value(value) => Ok(Some(value.clone())),
            Pin::Record(record) => record.value(),
        }
    }
}

impl PinnedRecord {
    fn value(&self) -> Result<Option<Value>> {
        let contents = self.file.read(self.limit).context("read", &self.path)?;
        match decoded(contents) {
            Ok(record) if !record.deleted && record.key == self.key => Ok(Some(record.value)),
            Ok(_) => Ok(None),
            Err(reason) => Err(Error::Unreadable { path: self.path.clone(), reason }),
        }
    }
}

impl Store {
    /// Has a version of a key readable from now on; `None` when it is a tombstone, or not the newest version any more.
    ///
    /// A value that is not in memory is not read for that: its record is opened.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the record cannot be opened.
    pub fn pin<K: AsKey + ?Sized>(&self, key: &K, timestamp: Timestamp) -> Result<Option<Pinned>> {
        let shared = &self.shared;
        let sighting = match shared.state.read().index.sighting(key.as_wtf8()) {
            Some(sighting) if sighting.version.is_live && sighting.version.timestamp == timestamp => sighting,
            _ => return Ok(None),
        };
        if let Some(value) = self.cached_value(key, timestamp) {
            return Ok(Some(Pinned(Pin::Value(value))));
        }
        let path = || shared.directory.path().join(timestamp.to_string());
        match shared.directory.open(timestamp) {
            Ok(file) if file.identity().inode == sighting.inode => {
                let limit = shared.options.record_limit;
                let record = PinnedRecord { key: key.to_key(), path: path(), limit, file };
                Ok(Some(Pinned(Pin::Record(Arc::new(record)))))
            }
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(self.value_of(key, timestamp)?.map(|value| Pinned(Pin::Value(value))))
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).context("open", path()),
            // The name stands for another file, or for none: the next look finds out what has become of this one.
            Ok(_) | Err(_) => {
                shared.in_doubt.store(true, Ordering::Relaxed);
                Ok(None)
            }
        }
    }
}
