//! The store as an engine: the one place where the file system meets the directory of records.

use std::sync::Arc;
use std::time::Duration;

use super::engine::{Engine, EngineError, ForeignChange, LiveVersion, Pinned, Space, VersionNumber};
use super::report::EngineReport;
use crate::record::{Key, Timestamp, Value};
use crate::store::{self, Change, Durability, Error, OpenOptions, Store, Version, is_passing};
use crate::view::{TextShape, file_text_shape};

/// How many records of each odd kind a report names.
const EXAMPLES: usize = 20;

impl From<Error> for EngineError {
    fn from(error: Error) -> EngineError {
        EngineError { errno: errno(&error), source: Box::new(error) }
    }
}

/// The number that a system call answers for an error of the store.
fn errno(error: &Error) -> i32 {
    match error {
        Error::ReadOnly => libc::EROFS,
        Error::Value(_) | Error::Identifier(_) => libc::EINVAL,
        Error::TooLarge { .. } => libc::EFBIG,
        Error::NoTimestampLeft { .. } => libc::EOVERFLOW,
        Error::Unreadable { .. } => libc::EIO,
        // A store that is gone is not "no such key": callers would take the key for removed.
        Error::Io { .. } | Error::NotDurable { .. } => match error.raw_os_error() {
            Some(libc::ENOENT) => libc::ESTALE,
            Some(number) => number,
            None => libc::EIO,
        },
    }
}

/// Has a store know the shape of each value's file text, so that no value is read to tell the size of a file.
#[must_use]
pub fn with_text_shape(options: OpenOptions) -> OpenOptions {
    options.measure(|value| measure_of(file_text_shape(value)))
}

/// Set in a measure when the text can be printed in order; no text is as long as that.
const IN_ORDER: u64 = 1 << 62;

fn measure_of(TextShape { len, in_order }: TextShape) -> u64 {
    len | if in_order { IN_ORDER } else { 0 }
}

fn shape_of(measure: u64) -> TextShape {
    TextShape { len: measure & !IN_ORDER, in_order: measure & IN_ORDER != 0 }
}

fn foreign_change(key: Key, before: Option<Version>, now: Option<Version>) -> ForeignChange {
    let live = |version: Version| version.is_live.then(|| VersionNumber(version.timestamp.as_micros()));
    ForeignChange { key, before: before.and_then(live), now: now.and_then(live) }
}

impl Pinned for store::Pinned {
    fn value(&self) -> Result<Option<Value>, EngineError> {
        Ok(store::Pinned::value(self)?)
    }
}

impl Engine for Store {
    fn synchronize(&self) -> Result<Vec<ForeignChange>, EngineError> {
        let changes = Store::synchronize(self)?;
        Ok(changes.into_iter().map(|Change { key, old, new }| foreign_change(key, old, new)).collect())
    }

    fn wait_for_changes(&self, timeout: Duration) -> Result<bool, EngineError> {
        Ok(Store::wait_for_changes(self, timeout)?)
    }

    fn stop_waiting(&self) {
        Store::stop_waiting(self);
    }

    fn version(&self, key: &Key) -> Option<LiveVersion> {
        let Version { timestamp, measure, .. } = Store::version(self, key).filter(|version| version.is_live)?;
        let number = VersionNumber(timestamp.as_micros());
        Some(LiveVersion { number, modified: timestamp.to_system_time(), text: measure.map(shape_of) })
    }

    fn value(&self, key: &Key, number: VersionNumber) -> Result<Option<Value>, EngineError> {
        Ok(self.value_of(key, Timestamp::from_micros(number.0))?)
    }

    fn doubt(&self, key: &Key, number: VersionNumber) {
        Store::doubt(self, key, Timestamp::from_micros(number.0));
    }

    fn pin(&self, key: &Key, number: VersionNumber) -> Result<Option<Arc<dyn Pinned>>, EngineError> {
        let pinned = Store::pin(self, key, Timestamp::from_micros(number.0))?;
        Ok(pinned.map(|pinned| Arc::new(pinned) as Arc<dyn Pinned>))
    }

    fn list(&self) -> Vec<(Key, VersionNumber)> {
        let number = |key: Key| {
            let number = VersionNumber(Store::version(self, &key)?.timestamp.as_micros());
            Some((key, number))
        };
        self.keys().into_iter().filter_map(number).collect()
    }

    fn put(&self, key: &Key, value: &Value) -> Result<VersionNumber, EngineError> {
        Ok(VersionNumber(self.put_with(key, value, Durability::Background)?.as_micros()))
    }

    fn remove(&self, key: &Key) -> Result<bool, EngineError> {
        Ok(self.remove_without_synchronizing(key, Durability::Background)?)
    }

    fn make_durable(&self, key: &Key) -> Result<(), EngineError> {
        Ok(self.make_key_durable(key)?)
    }

    fn make_all_durable(&self) -> Result<(), EngineError> {
        Ok(Store::make_durable(self)?)
    }

    fn check_complete(&self) -> Result<(), EngineError> {
        match Store::check_complete(self) {
            // Anything else is wrong with that one file, and would make all others useless for as long as it is there.
            Err(error) if error.raw_os_error().is_some_and(is_passing) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn space(&self) -> Result<Space, EngineError> {
        let found = Store::space(self)?;
        Ok(Space {
            block_size: found.block_size,
            blocks: found.blocks,
            blocks_free: found.blocks_free,
            blocks_available: found.blocks_available,
            files: found.files,
            files_free: found.files_free,
        })
    }

    fn is_writable(&self) -> bool {
        self.is_writer()
    }

    fn report(&self) -> EngineReport {
        let odd = self.oddities();
        let examples = odd.unreadable.iter().take(EXAMPLES);
        let future = odd.future_examples.iter().take(EXAMPLES);
        EngineReport {
            place: self.path().to_string_lossy().into_owned(),
            identifier: self.identifier().map(ToString::to_string),
            keys: self.len(),
            tombstones: self.tombstones(),
            unreadable: odd.unreadable.len(),
            unreadable_examples: examples.map(|file| (file.timestamp.to_string(), file.reason.to_string())).collect(),
            future: odd.future_records,
            future_examples: future
                .map(|record| (record.timestamp.to_string(), record.key.to_string(), record.ahead.as_secs()))
                .collect(),
            foreign_names: odd.foreign_names,
            foreign_examples: odd.foreign_examples.iter().map(|name| name.to_string_lossy().into_owned()).collect(),
        }
    }
}
